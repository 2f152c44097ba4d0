/**
 * `chassis demo`: a router of several blades, eight neighbours that are real BGP speakers over TCP on loopback,
 * Internet-like feeds with changes flowing, and a graft of the busiest session, with the proof that no
 * neighbour saw it. Then it stays up for whoever wants to try the commands.
 *
 *     this process                                     a process of its own
 *     main thread: story, live summary ── control socket ──→ chassis
 *     speakers' threads: 8 neighbours ─── TCP, BGP ────────→ line card, blades
 *     feeds' thread, until they are made
 *
 * It needs no root and no configuration, and leaves nothing behind. Exit status 0, or 1 where something
 * failed or the proof did.
 */
import { openTerminal, type Terminal } from '../cli/terminal.ts';
import { connectNeighbours, makeFeeds, sendTables, startRouter, step } from './demo/acts.ts';
import { CAST } from './demo/cast.ts';
import { graftAgain, graftAndProve } from './demo/grafting.ts';
import { Interrupted } from './demo/interrupt.ts';
import { Live } from './demo/live.ts';
import { type DemoOptions, demoSettings } from './demo/options.ts';
import { Stage } from './demo/stage.ts';

export type { DemoOptions } from './demo/options.ts';

/** Runs the demonstration; rejects with a UsageError or an OperationError that says what is wrong. */
export async function runDemo(options: DemoOptions & { terminal?: Terminal } = {}): Promise<number> {
  const { terminal = openTerminal(process.stdout, process.stderr, process.env), ...given } = options;
  const stage = new Stage(demoSettings(given), terminal);
  const result = { proved: true };
  try {
    await play(stage, result);
  } catch (error) {
    if (!(error instanceof Interrupted)) {
      await stage.end(true);
      throw error;
    }
  }
  const clean = await stage.end(false);
  return clean && result.proved ? 0 : 1;
}

async function play(stage: Stage, result: { proved: boolean }): Promise<void> {
  const { screen, settings, interrupt } = stage;
  const { control, port: wanted } = await stage.choosePlaces();
  const title = `graftd: one router, ${settings.blades} blades, ${CAST.length} neighbours; Ctrl-C ends it`;
  screen.say(screen.terminal.paint('bold', title));
  const scripts = await makeFeeds(stage);
  const port = await startRouter(stage, wanted, control);
  await connectNeighbours(stage, port);
  await sendTables(stage, scripts);
  const live = new Live(stage, await interrupt.guard(stage.neighbours.stats()));
  try {
    result.proved = await graftAndProve(stage, scripts, live);
    if (settings.stay > 0) await stayUp(stage, scripts.scripts, live, control.command('show'), result);
  } finally {
    await live.end();
  }
}

/** Changes flow, grafts come now and then, and the control socket is there for whoever likes. */
async function stayUp(
  stage: Stage,
  scripts: Parameters<Stage['neighbours']['startChanges']>[0],
  live: Live,
  show: string,
  result: { proved: boolean },
): Promise<void> {
  const { interrupt, settings } = stage;
  const often = settings.every === 0 ? '' : `, with a graft every ${settings.every} s`;
  step(stage, `The router stays up${often}; Ctrl-C ends it`);
  stage.screen.say(`   In another terminal: ${stage.screen.terminal.paint('cyan', show)}`);
  live.now = 'changes flow';
  stage.neighbours.startChanges(scripts, settings.rate);
  const end = performance.now() + settings.stay * 1000;
  for (;;) {
    const left = end - performance.now();
    const pause = settings.every === 0 ? left : settings.every * 1000;
    if (left <= pause) {
      // setTimeout takes no more than 31 bits.
      await interrupt.pause(Math.min(left, 2 ** 31 - 1));
      if (left <= 2 ** 31 - 1) return;
    } else {
      await interrupt.pause(pause);
      if (!(await graftAgain(stage, live))) result.proved = false;
    }
  }
}
