/** `chassis demo`, which is also `npm start`: a chassis with neighbours and feeds, and a graft to watch. */
import type { Command } from './command.ts';
import { loadDemo } from './load.ts';

export const demoCommand: Command = {
  name: 'demo',
  summary: 'a demonstration: blades, neighbours, Internet-like feeds, and a graft of a live session',
  options: { mrt: { value: 'FILE', doc: 'feed this MRT dump (gz and bz2 too) instead of generated routes' } },
  example: 'demo --mrt rib.20240101.0000.bz2',
  remote: false,
  async run(call) {
    const mrt = call.value('mrt');
    const { runDemo } = await loadDemo();
    return runDemo(mrt === undefined ? {} : { mrt });
  },
};
