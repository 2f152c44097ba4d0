/**
 * The tasks of the pool: name, what it is given and what it answers. Tables and feeds come back in shared
 * memory, so an answer is a handful of references however many routes there are.
 */
import type { Parsed } from '../config/parse.ts';
import type { ChurnOptions } from '../lab/changes.ts';
import type { EncodeOptions, Feed } from '../lab/feed.ts';
import type { TableOptions } from '../lab/internet.ts';
import type { MrtFeed, MrtNeighbour } from '../lab/mrt-feeds.ts';
import type { NeighbourOptions } from '../lab/neighbour.ts';
import type { Routes } from '../lab/routes.ts';
import type { MrtSummary } from '../mrt/summary.ts';
import type { Rebuild, Rebuilt } from '../rpki/build.ts';

/** The changes that a neighbour makes later on; its own AS is put in by the task. */
export type Churn = Omit<ChurnOptions, 'as'>;

export interface InternetNeighbour extends NeighbourOptions, EncodeOptions {
  readonly seed: number;
  readonly churn?: Churn;
}

export interface InternetFeed {
  readonly as: number;
  readonly routes: Routes;
  readonly feed: Feed;
  /** Present where it was asked for: a feed that leaves the table as it was, to send in a loop. */
  readonly churn: Feed | undefined;
}

export interface Tasks {
  /** Counts what is in an MRT file. */
  summariseMrt: { given: { file: string }; answer: MrtSummary };
  /** The largest peers of an MRT file as neighbours. */
  mrtFeeds: {
    given: { file: string; neighbours: readonly MrtNeighbour[]; encode?: EncodeOptions; churn?: Churn };
    answer: (MrtFeed & { readonly churn: Feed | undefined })[];
  };
  /** One generated table, as each of the neighbours tells it. */
  internetFeeds: {
    given: { table: TableOptions; neighbours: readonly InternetNeighbour[] };
    answer: InternetFeed[];
  };
  /** A configuration, or its mistakes; `file` says where the text stood. */
  parseConfiguration: { given: { text: string; file: string }; answer: Parsed };
  /** A table of VRPs, sorted to be searched, and in what it differs from the one before. */
  rebuildVrps: { given: Rebuild; answer: Rebuilt };
}

export type TaskName = keyof Tasks;
