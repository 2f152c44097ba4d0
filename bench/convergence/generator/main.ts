/** The process of the load generator: answers the benchmark's requests one after the other. Nothing imports this file. */
import { Generator } from './generator.ts';
import type { Reply, Request, Requests } from './messages.ts';

const generator = new Generator();

const answers: {
  [Kind in keyof Requests]: (
    args: Requests[Kind]['args'],
  ) => Requests[Kind]['answer'] | Promise<Requests[Kind]['answer']>;
} = {
  prepare: ({ what }) => generator.prepare(what),
  connect: async ({ port, patience, nextHops }) => {
    generator.setNextHops(nextHops);
    await generator.connect(port, patience);
    return undefined;
  },
  start: async ({ phase }) => {
    await generator.start(phase);
    return undefined;
  },
  look: () => generator.look(),
  check: () => generator.check(),
  disconnect: async () => {
    await generator.disconnect();
    return undefined;
  },
};

const reply = (message: Reply): void => void process.send?.(message);

process.on('message', async ({ id, kind, args }: Request) => {
  try {
    const answer = await (answers[kind] as (args: unknown) => unknown)(args);
    reply({ id, answer });
  } catch (error) {
    reply({ id, error: (error as Error).message });
  }
});
process.on('disconnect', () => process.exit());
