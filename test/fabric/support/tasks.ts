/** What the threads of these tests do. Each task checks what it can see, and throws at the first thing that is wrong. */
import { attributeDictionary, prefixDictionary } from './tasks-dictionaries.ts';
import { hopKeeper } from './tasks-hops.ts';
import { pageOwner, pageReader } from './tasks-pages.ts';
import { byteReader, byteWriter, recordConsumer, recordProducer } from './tasks-rings.ts';
import { idSweeper, routeKeeper } from './tasks-sweeps.ts';
import { asyncPonger, newsBringer, newsTaker, pinger, ponger } from './tasks-wake.ts';
import type { ThreadStart } from './threads.ts';

export const TASKS = {
  recordProducer,
  recordConsumer,
  byteWriter,
  byteReader,
  prefixDictionary,
  attributeDictionary,
  pageOwner,
  pageReader,
  routeKeeper,
  idSweeper,
  hopKeeper,
  pinger,
  ponger,
  asyncPonger,
  newsBringer,
  newsTaker,
} satisfies Record<string, (start: ThreadStart) => unknown>;

export type TaskName = keyof typeof TASKS;
