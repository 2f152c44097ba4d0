/** `chassis demo`, which is also `npm start`: a chassis with neighbours and feeds, and a graft to watch. */
import type { Command } from './command.ts';
import { loadDemo } from './load.ts';
import { UsageError } from './usage-error.ts';

const NUMBERS = ['prefixes', 'rate', 'blades', 'port', 'every', 'seconds'] as const;

export const demoCommand: Command = {
  name: 'demo',
  summary: 'a demonstration: blades, neighbours, Internet-like feeds, and a graft of a live session',
  options: {
    mrt: { value: 'FILE', doc: 'feed this MRT dump (gz and bz2 too) instead of generated routes' },
    prefixes: { value: 'N', doc: 'prefixes of the generated table, up to 1000000; without it 240000' },
    rate: { value: 'N', doc: 'UPDATE messages a second that flow; without it 500, 0 for none' },
    blades: { value: 'N', doc: 'blades of the chassis, 2 to 32; without it 4' },
    port: { value: 'PORT', doc: 'the TCP port to listen at; without it 1790, or any that is free' },
    every: { value: 'SECONDS', doc: 'time between grafts later on; without it 15, 0 for no more grafts' },
    seconds: { value: 'SECONDS', doc: 'ends by itself that long after the proof' },
    cold: { doc: 'blades start without a rehearsal: sooner, and the first graft takes longer' },
    once: { doc: 'ends by itself after the proof; exit status 1 if it failed' },
  },
  example: 'demo --mrt rib.20240101.0000.bz2',
  remote: false,
  async run(call) {
    const mrt = call.value('mrt');
    const numbers = NUMBERS.flatMap((name) => {
      const value = call.value(name);
      return value === undefined ? [] : [[name, whole(name, value)] as const];
    });
    const { runDemo } = await loadDemo();
    return runDemo({
      ...(mrt === undefined ? {} : { mrt }),
      ...Object.fromEntries(numbers),
      cold: call.flag('cold'),
      once: call.flag('once'),
      terminal: call.terminal,
    });
  },
};

/** Which numbers are right the demonstration knows. */
function whole(name: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`demo: --${name} must be a whole number, not "${text}"`);
}
