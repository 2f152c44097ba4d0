/**
 * The act that all is about: the busiest session goes to the blade with the least to do, once while UPDATE
 * messages flow and once in silence; what it costs; and the proof that no neighbour saw anything.
 *
 *     tables ─ changes flow ─ graft ─ the round of changes ends ─ tables again ─ graft ─ not one message
 */
import { type GraftReport, OperationError } from '../../chassis/operations.ts';
import { count, microseconds, number } from '../../cli/format.ts';
import { facts } from '../../cli/table.ts';
import { step } from './acts.ts';
import { CAST } from './cast.ts';
import type { Scripts } from './feeds/feeds.ts';
import type { Live } from './live.ts';
import type { Tables } from './neighbours.ts';
import { allTables, complaints, type TableChange, tableChange, updatesBetween } from './proof.ts';
import { settle } from './settle.ts';
import type { Stage } from './stage.ts';
import { type Evidence, evidenceTable, verdict } from './verdict.ts';
import { busiestBlade, busiestSession, idlestBlade, type SessionView, type View } from './watch.ts';

/** Milliseconds that changes flow before the graft, so that there is a load to measure, and after it. */
const FLOW_BEFORE = 5000;
const FLOW_AFTER = 2000;
/** Milliseconds after a graft at rest: enough for any message that it should not have caused. */
const AFTERMATH = 1000;

/** True if it was proved. */
export async function graftAndProve(stage: Stage, scripts: Scripts, live: Live): Promise<boolean> {
  const { interrupt, neighbours, screen, settings } = stage;
  const tables = await interrupt.guard(allTables(neighbours));
  const before = await interrupt.guard(neighbours.stats());
  const { rate } = settings;
  step(stage, rate === 0 ? 'Changes: none' : `Changes: ${rate} UPDATE messages a second from now on`);
  neighbours.startChanges(scripts.scripts, settings.rate);
  live.now = 'changes flow; the load is measured';
  live.start();
  await interrupt.pause(FLOW_BEFORE);

  const view = await live.look();
  const session = busiestSession(view.sessions);
  step(stage, 'Graft: the busiest session goes to the blade with the least to do');
  screen.say(`   ${busyText(session)}`);
  tellCosts(
    stage,
    await moved(stage, live, session, idlest(view, session.blade)),
    ', for what changed meanwhile',
  );
  live.now = 'changes flow on';
  await interrupt.pause(FLOW_AFTER);

  step(stage, 'Proof: what the neighbours saw of it');
  live.now = 'the round of changes ends, then every table is compared with what it was';
  await interrupt.guard(neighbours.endChanges());
  const { stats: after } = await settle(stage);
  const changes = await compared(stage, tables);
  const evidence: Evidence[] = CAST.map((_, i) => ({
    before: before[i]!,
    after: after[i]!,
    table: changes[i]!,
  }));
  screen.say(evidenceTable(evidence, screen.terminal));
  const proved = verdict(evidence, screen);
  return (await graftInSilence(stage, live, session)) && proved;
}

/** With no change under way, a graft must not cause a single message. */
async function graftInSilence(stage: Stage, live: Live, { neighbor }: SessionView): Promise<boolean> {
  const { interrupt, neighbours, screen } = stage;
  const { paint } = screen.terminal;
  step(stage, 'Once more in silence: nobody sends anything now, so a single UPDATE would show');
  live.now = 'silence';
  const view = await live.look();
  const session = view.sessions.find((row) => row.neighbor === neighbor) ?? busiestSession(view.sessions);
  const before = await interrupt.guard(neighbours.stats());
  const report = await moved(stage, live, session, idlest(view, session.blade));
  tellCosts(stage, report, '');
  await interrupt.pause(AFTERMATH);
  const after = await interrupt.guard(neighbours.stats());
  const messages = updatesBetween(before, after).reduce((sum, updates) => sum + updates, 0);
  const worse = complaints(before, after);
  const still = messages === 0 && worse.length === 0 && report.neighborUpdatesSent === 0;
  for (const text of worse) screen.say(paint('red', `   ${text}`));
  screen.say(
    still
      ? paint('green', `   PROVED: ${CAST.length} neighbours got 0 UPDATE messages.`)
      : paint('red', `   NOT PROVED: neighbours got ${count(messages, 'UPDATE message')}.`),
  );
  return still;
}

/** Another graft, later on: from the busiest blade to the idlest, in one line. */
export async function graftAgain(stage: Stage, live: Live): Promise<boolean> {
  const { interrupt, neighbours, screen } = stage;
  const { paint } = screen.terminal;
  const view = await live.look();
  const { blade } = busiestBlade(view.blades);
  const session = busiestSession(view.sessions.filter((row) => row.blade === blade));
  const before = await interrupt.guard(neighbours.stats());
  const report = await moved(stage, live, session, idlest(view, blade)).catch((error: unknown) => {
    if (!(error instanceof OperationError)) throw error;
    screen.say(paint('yellow', `   graft of ${session.neighbor}: ${error.message}`));
    return undefined;
  });
  if (report === undefined) return true;
  await interrupt.pause(AFTERMATH);
  const worse = complaints(before, await interrupt.guard(neighbours.stats()));
  const text = `${new Date().toTimeString().slice(0, 8)} ${session.name} from blade ${report.from} to ${report.to}`;
  const costs = `${microseconds(report.totalMicroseconds)}, pause ${microseconds(report.pauseMicroseconds)}`;
  const seen = worse.length === 0 ? paint('green', 'nobody noticed') : paint('red', worse.join('; '));
  screen.say(`   ${text}: ${costs}; ${seen}`);
  return worse.length === 0;
}

function idlest(view: View, besides: number): number {
  const blade = idlestBlade(view.blades, besides);
  if (blade === undefined) throw new OperationError('there is no other blade that takes sessions');
  return blade.blade;
}

async function moved(stage: Stage, live: Live, { neighbor }: SessionView, to: number): Promise<GraftReport> {
  const report = await stage.interrupt.guard(stage.box.ask<GraftReport>('graft', { neighbor, to }));
  live.grafts++;
  return report;
}

/** Each neighbour's table with what it was, one after another: they can be large. */
async function compared(stage: Stage, before: readonly Tables[]): Promise<TableChange[]> {
  const changes: TableChange[] = [];
  for (const [i, tables] of before.entries()) {
    const now = await stage.interrupt.guard(stage.neighbours.tables(i));
    changes.push(tableChange(tables, now));
    // Between two comparisons Ctrl-C and the live summary have their turn.
    await stage.interrupt.pause(0);
  }
  return changes;
}

function busyText({ neighbor, name, blade, inRate, outRate }: SessionView): string {
  const rates = `${Math.round(inRate)} UPDATE messages a second in, ${Math.round(outRate)} out`;
  return `${neighbor} (${name}) on blade ${blade}: ${rates}`;
}

/** While changes flow, what came between the first and the last step is looked at once more: `why` says so. */
function tellCosts(stage: Stage, report: GraftReport, why: string): void {
  const { terminal } = stage.screen;
  const { paint } = terminal;
  const because = (number: number): string => (number === 0 ? '' : why);
  const text = facts(
    [
      ['moved', paint('bold', `${report.neighbor} from blade ${report.from} to blade ${report.to}`)],
      ['its routes', number(report.routes, terminal)],
      ['first to last step', microseconds(report.totalMicroseconds)],
      ['pause of the session', microseconds(report.pauseMicroseconds)],
      ['decisions run', number(report.decisionsRun, terminal) + because(report.decisionsRun)],
      ['sent to other blades', count(report.fabricUpdatesSent, 'record')],
      [
        'sent to neighbours',
        count(report.neighborUpdatesSent, 'UPDATE message') + because(report.neighborUpdatesSent),
      ],
    ],
    terminal,
  );
  stage.screen.say(text.replaceAll(/^/gm, ' ').trimEnd());
}
