/**
 * What goes between the main thread and a thread of speakers: one type per direction, complete by
 * construction. Feeds and tables are in shared memory, so a message hands over references.
 */
import type { Feed } from './feed.ts';
import type { SendOptions } from './outbox.ts';
import type { SpeakerOptions, SpeakerStats } from './speaker.ts';
import type { ToldSnapshot } from './told.ts';

/** What can be asked of a speaker's thread: arguments and answer of each. `speaker` is a number of its own. */
export interface Requests {
  add: { args: { speaker: number; options: SpeakerOptions }; answer: { port: number } };
  up: { args: { speaker: number; timeout: number }; answer: undefined };
  send: { args: { speaker: number; feed: Feed; options: SendOptions }; answer: undefined };
  setRate: { args: { speaker: number; rate: number }; answer: undefined };
  stopLoops: { args: { speaker: number }; answer: undefined };
  refresh: { args: { speaker: number; afi: number }; answer: undefined };
  quiet: { args: { speaker: number; milliseconds: number; timeout: number }; answer: undefined };
  stats: { args: { speaker: number }; answer: SpeakerStats };
  table: { args: { speaker: number }; answer: { v4: ToldSnapshot; v6: ToldSnapshot } };
  breakConnection: { args: { speaker: number }; answer: undefined };
  close: { args: { speaker: number }; answer: undefined };
}

export type RequestKind = keyof Requests;

export type ToThread = {
  [Kind in RequestKind]: { readonly id: number; readonly kind: Kind; readonly args: Requests[Kind]['args'] };
}[RequestKind];

export type FromThread =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly event: 'up' | 'down'; readonly speaker: number; readonly reason: string };
