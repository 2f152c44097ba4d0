/** The first acts: feeds, router, neighbours, tables. `lab/demo.ts` has their order. */
import type { ChassisSummary } from '../../chassis/operations.ts';
import { number } from '../../cli/format.ts';
import { CAST, ROUTER_ADDRESS, ROUTER_AS } from './cast.ts';
import type { Scripts } from './feeds/feeds.ts';
import type { Control } from './places.ts';
import { settle } from './settle.ts';
import type { Stage } from './stage.ts';

/** Milliseconds between looks at long work. */
const LOOK = 250;

/** The heading of an act. */
export function step(stage: Stage, text: string): void {
  stage.screen.say(`\n${stage.screen.terminal.paint('bold', text)}`);
}

function amount(stage: Stage, value: number): string {
  return number(value, stage.screen.terminal);
}

export async function makeFeeds(stage: Stage): Promise<Scripts> {
  const { mrt, prefixes } = stage.settings;
  const what =
    mrt === undefined
      ? `generating an Internet-like table of ${amount(stage, prefixes)} prefixes`
      : `reading ${mrt}`;
  step(stage, `Feeds: ${what}`);
  const made = await stage.makeScripts();
  for (const note of made.notes) stage.screen.say(`   ${note}`);
  const routes = made.scripts.reduce((sum, { table: feed }) => sum + (feed?.announced ?? 0), 0);
  const messages = made.scripts.reduce((sum, { table: feed }) => sum + (feed?.messages ?? 0), 0);
  stage.screen.say(
    `   ${amount(stage, routes)} routes in ${amount(stage, messages)} UPDATE messages are ready`,
  );
  return made;
}

/** The port that the router listens at. */
export async function startRouter(stage: Stage, wanted: number, control: Control): Promise<number> {
  const { screen, settings } = stage;
  step(stage, `Router: a chassis of ${settings.blades} blades, in a process of its own`);
  const { box, port } = await stage.startBox(wanted, control);
  const summary = await stage.interrupt.guard(box.ask<ChassisSummary>('show chassis'));
  screen.say(`   AS ${ROUTER_AS}, process ${summary.pid}, listens at ${ROUTER_ADDRESS}:${port}`);
  const where = control.folder === undefined ? '' : ` (in ${control.folder})`;
  screen.say(`   In another terminal${where}, try for example`);
  for (const words of ['show', 'show sessions', `graft ${CAST[0]?.address} --to 2`, 'balance'])
    screen.say(`      ${screen.terminal.paint('cyan', control.command(words))}`);
  return port;
}

export async function connectNeighbours(stage: Stage, port: number): Promise<void> {
  step(stage, `Neighbours: ${CAST.length} BGP speakers, each at an address of its own`);
  await stage.startNeighbours(port);
  for (const { name, address, as } of CAST)
    stage.screen.say(`   ${address}  ${name.padEnd(11)} AS ${as}${as === ROUTER_AS ? ', iBGP' : ''}`);
}

/** Tables go out, and it is waited until nothing moves any more; what neighbours and router count must agree. */
export async function sendTables(stage: Stage, { scripts }: Scripts): Promise<void> {
  const { interrupt, neighbours, screen } = stage;
  step(stage, 'Tables: all neighbours tell theirs, as fast as it goes');
  const started = performance.now();
  const messages = scripts.reduce((sum, { table: feed }) => sum + (feed?.messages ?? 0), 0);
  const sending = { done: false };
  const sent = neighbours.sendTables(scripts).then(() => {
    sending.done = true;
  });
  while (!sending.done) {
    await Promise.race([interrupt.pause(LOOK), sent]);
    const stats = await interrupt.guard(neighbours.stats());
    const out = stats.reduce((sum, { messagesSent }) => sum + messagesSent, 0);
    const told = stats.reduce((sum, { routes4, routes6 }) => sum + routes4 + routes6, 0);
    screen.progress(`sent; ${amount(stage, told)} routes told to neighbours`, out, messages);
  }
  const { lastChange, stats } = await settle(stage, 'told');
  const { prefixes } = await interrupt.guard(stage.box.ask<ChassisSummary>('show chassis'));
  const seconds = ((lastChange - started) / 1000).toFixed(1);
  screen.show([]);
  const told = stats.reduce((sum, { routes4, routes6 }) => sum + routes4 + routes6, 0);
  screen.say(
    `   converged after ${seconds} s: ${amount(stage, prefixes)} prefixes, ${amount(stage, told)} routes told`,
  );
}
