/** Entry of a thread of speakers (thread.ts is the handle): takes requests, answers each once. */
import { parentPort } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import type { FromThread, RequestKind, Requests, ToThread } from './messages.ts';
import { Speaker } from './speaker.ts';

const port = parentPort;
assert(port !== null, 'a thread of speakers is started as a worker');

const speakers = new Map<number, Speaker>();

function speaker(number: number): Speaker {
  const found = speakers.get(number);
  if (found === undefined) throw new Error(`no speaker ${number}`);
  return found;
}

function post(message: FromThread): void {
  port?.postMessage(message);
}

type Answers = {
  [Kind in RequestKind]: (
    args: Requests[Kind]['args'],
  ) => Requests[Kind]['answer'] | Promise<Requests[Kind]['answer']>;
};

const answers: Answers = {
  add: async (args) => {
    const added = new Speaker(args.options);
    speakers.set(args.speaker, added);
    added.on('up', () => post({ event: 'up', speaker: args.speaker, reason: '' }));
    added.on('down', (reason) => post({ event: 'down', speaker: args.speaker, reason }));
    await added.start();
    return { port: added.port };
  },
  up: async (args) => void (await speaker(args.speaker).up(args.timeout)),
  send: async (args) => void (await speaker(args.speaker).send(args.feed, args.options)),
  setRate: (args) => void speaker(args.speaker).setRate(args.rate),
  stopLoops: (args) => void speaker(args.speaker).stopLoops(),
  refresh: (args) => void speaker(args.speaker).refresh(args.afi),
  quiet: async (args) => void (await speaker(args.speaker).quiet(args.milliseconds, args.timeout)),
  stats: (args) => speaker(args.speaker).stats(),
  table: (args) => speaker(args.speaker).table(),
  breakConnection: (args) => void speaker(args.speaker).breakConnection(),
  close: async (args) => {
    await speaker(args.speaker).close();
    speakers.delete(args.speaker);
    return undefined;
  },
};

port.on('message', (message: ToThread) => {
  const answer = answers[message.kind] as (args: unknown) => unknown;
  new Promise((resolve) => resolve(answer(message.args))).then(
    (result) => post({ id: message.id, answer: result }),
    (error: unknown) =>
      post({ id: message.id, error: error instanceof Error ? error.message : String(error) }),
  );
});
