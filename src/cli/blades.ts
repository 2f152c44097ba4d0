/** What is done to a blade: `chassis drain`, `undrain`, `restart` and `fault`. */
import { type DrainReport, FAULT_KINDS, type ScaleReport } from '../chassis/operations.ts';
import { answer, type Call, type Command, numeric } from './command.ts';
import { count } from './format.ts';
import { graftReports } from './graft.ts';

const BLADE = { name: 'BLADE', doc: 'the number of the blade, see "chassis show blades"' };

export const bladeCommands: readonly Command[] = [
  {
    name: 'drain',
    summary: 'grafts all sessions off a blade, and keeps it empty until undrain',
    operands: [BLADE],
    example: 'drain 2',
    remote: true,
    run: (call) => moveAway(call, 'drain', 'is drained'),
  },
  {
    name: 'undrain',
    summary: 'gives a drained blade back; balance then uses it again',
    operands: [BLADE],
    example: 'undrain 2',
    remote: true,
    async run(call) {
      const blade = numeric(call.operands[0]);
      await call.ask('undrain', { blade });
      return answer(call, { blade, done: 'undrain' }, () => `blade ${blade} takes sessions again\n`);
    },
  },
  {
    name: 'restart',
    summary: 'drains a blade, replaces its thread, and gives it back',
    operands: [BLADE],
    example: 'restart 2',
    remote: true,
    run: (call) => moveAway(call, 'restart', 'is restarted'),
  },
  {
    name: 'scale',
    summary: 'more or fewer blades, without any session noticing',
    operands: [{ name: 'BLADES', doc: 'how many there are to be' }],
    example: 'scale 6',
    remote: true,
    async run(call) {
      const report = await call.ask<ScaleReport>('scale', { blades: numeric(call.operands[0]) });
      return answer(call, report, () => {
        const moved = `${count(report.after, 'blade')} instead of ${report.before}: ${count(report.grafts.length, 'session')} moved\n`;
        return moved + (report.grafts.length > 0 ? graftReports(report.grafts, call.terminal) : '');
      });
    },
  },
  {
    name: 'fault',
    summary: 'rehearses the failure of a blade; needs "allow-faults: true" in the configuration',
    operands: [BLADE, { name: FAULT_KINDS.join('|'), doc: 'how it fails' }],
    example: 'fault 1 crash',
    remote: true,
    async run(call) {
      const [blade, kind] = [numeric(call.operands[0]), call.operands[1]];
      await call.ask('fault', { blade, kind });
      return answer(call, { blade, kind, done: 'fault' }, () => `blade ${blade} was made to fail: ${kind}\n`);
    },
  },
];

async function moveAway(call: Call, command: 'drain' | 'restart', done: string): Promise<number> {
  const report = await call.ask<DrainReport>(command, { blade: numeric(call.operands[0]) });
  return answer(call, report, () => {
    // A restart moves each session away, and most of them back.
    const { length } = report.grafts;
    const moves = command === 'drain' ? `${count(length, 'session')} moved` : count(length, 'graft');
    const moved = `blade ${report.blade} ${done}: ${moves}\n`;
    return moved + (report.grafts.length > 0 ? graftReports(report.grafts, call.terminal) : '');
  });
}
