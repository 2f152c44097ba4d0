/** `chassis dump mrt FILE`: the chassis writes the file; a relative path starts from where the command runs. */
import path from 'node:path';
import type { DumpReport } from '../chassis/operations.ts';
import { answer, type Command } from './command.ts';
import { bytes, number } from './format.ts';

export const dumpCommand: Command = {
  name: 'dump mrt',
  summary: 'writes the tables as MRT TABLE_DUMP_V2 (RFC 6396)',
  operands: [{ name: 'FILE', doc: 'the file to write' }],
  example: 'dump mrt rib.mrt',
  remote: true,
  async run(call) {
    const file = path.resolve(call.operands[0]!);
    const report = await call.ask<DumpReport>('dump mrt', { file });
    return answer(call, report, ({ routes, prefixes, peers, bytes: size }) => {
      const amount = (value: number) => number(value, call.terminal);
      return `${report.file}: ${amount(routes)} routes to ${amount(prefixes)} prefixes from ${amount(peers)} ${peers === 1 ? 'peer' : 'peers'}, ${bytes(size)}\n`;
    });
  },
};
