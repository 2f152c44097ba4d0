/**
 * Entry of the pool's threads: one exported function per task, which the pool calls by its name. A task
 * owns nothing that outlives it.
 */
import { giveWay } from '../base/thread-time.ts';
import { parseConfiguration as parse } from '../config/parse.ts';
import { churnFeed } from '../lab/changes.ts';
import { encodeFeed } from '../lab/feed.ts';
import { generateTable } from '../lab/internet.ts';
import { feedsFromMrt } from '../lab/mrt-feeds.ts';
import { routesFor } from '../lab/neighbour.ts';
import { summarise } from '../mrt/summary.ts';
import { rebuild } from '../rpki/build.ts';
import type { TaskName, Tasks } from './messages.ts';

type Task<Name extends TaskName> = (
  given: Tasks[Name]['given'],
) => Promise<Tasks[Name]['answer']> | Tasks[Name]['answer'];

export const summariseMrt: Task<'summariseMrt'> = ({ file }) => summarise(file);

// These two the chassis has done beside blades that have more urgent things to do.

export const parseConfiguration: Task<'parseConfiguration'> = ({ text, file }) => {
  giveWay();
  return parse(text, file);
};

export const rebuildVrps: Task<'rebuildVrps'> = (given) => {
  giveWay();
  return rebuild(given);
};

export const mrtFeeds: Task<'mrtFeeds'> = async ({ file, neighbours, encode = {}, churn }) => {
  const feeds = await feedsFromMrt(file, neighbours, encode);
  return feeds.map((feed) => ({
    ...feed,
    churn: churn === undefined ? undefined : churnFeed(feed.routes, { ...churn, as: feed.as }),
  }));
};

export const internetFeeds: Task<'internetFeeds'> = ({ table: options, neighbours }) => {
  const table = generateTable(options);
  return neighbours.map((neighbour) => {
    const { neighborAs: as, churn } = neighbour;
    const routes = routesFor(table, neighbour);
    return {
      as,
      routes,
      feed: encodeFeed(routes, neighbour),
      churn: churn === undefined ? undefined : churnFeed(routes, { ...churn, as }),
    };
  });
};
