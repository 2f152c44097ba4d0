/**
 * What an operator, and bad luck, do to a chassis while neighbours talk to it: blades crash, hang and run out of memory, also two at
 * once; sessions are grafted, blades drained, restarted and scaled, the configuration reloaded. One row each, with how often.
 */
import type { Random } from '../../../src/base/random.ts';
import type { ControlClient } from '../../../src/chassis/control/client.ts';
import type { BladeRow } from '../../../src/chassis/operations.ts';
import type { Graftd } from '../graftd.ts';

export interface Stage {
  readonly graftd: Graftd;
  readonly client: ControlClient;
  readonly random: Random;
  /** The session whose import rule changes with the configuration. */
  readonly flexible: string;
}

export interface ChaosAction {
  readonly name: string;
  readonly weight: number;
  run(stage: Stage): Promise<unknown>;
}

/** Answers that are right in the middle of chaos, because something else is going on. */
export const RIGHT_ANSWERS: readonly RegExp[] = [
  /does not run/,
  /there is no blade/,
  /is drained/,
  /no other blade takes sessions/,
  /was undone/,
  /only an Established session/,
  /is being|is already|stays on blade/,
  /(left|died|ended|replaced).* (meanwhile|while)/,
];

const BLADES = { least: 2, most: 5 } as const;

const slots = async ({ client }: Stage): Promise<number[]> =>
  (await client.call<BladeRow[]>('show blades')).map(({ blade }) => blade);

const anySlot = async (stage: Stage): Promise<number> => stage.random.pick(await slots(stage));

const fault = async (stage: Stage, kind: string, blade: number): Promise<unknown> =>
  stage.client.call('fault', { blade, kind });

// biome-ignore format: one line a row
const ACTIONS: readonly ChaosAction[] = [
  { name: 'crash', weight: 6, run: async (stage) => fault(stage, 'crash', await anySlot(stage)) },
  { name: 'hang', weight: 1, run: async (stage) => fault(stage, 'hang', await anySlot(stage)) },
  { name: 'memory', weight: 1, run: async (stage) => fault(stage, 'memory', await anySlot(stage)) },
  { name: 'two crashes', weight: 2, run: twoCrashes },
  { name: 'graft', weight: 30, run: async (stage) => stage.client.call('graft', { neighbor: stage.random.pick(stage.graftd.neighbors), to: await anySlot(stage) }) },
  { name: 'crash in a graft', weight: 4, run: crashInGraft },
  { name: 'balance', weight: 2, run: async ({ client }) => client.call('balance', { metric: 'sessions' }) },
  { name: 'drain', weight: 3, run: async (stage) => stage.client.call('drain', { blade: await anySlot(stage) }) },
  { name: 'undrain', weight: 4, run: async (stage) => stage.client.call('undrain', { blade: await anySlot(stage) }) },
  { name: 'restart', weight: 3, run: async (stage) => stage.client.call('restart', { blade: await anySlot(stage) }) },
  { name: 'scale', weight: 3, run: async ({ client, random }) => client.call('scale', { blades: BLADES.least + random.below(BLADES.most - BLADES.least + 1) }) },
  { name: 'reload', weight: 4, run: reload },
  { name: 'refresh', weight: 3, run: async ({ client, graftd, random }) => client.call('refresh', { neighbor: random.pick(graftd.neighbors) }) },
];

async function twoCrashes(stage: Stage): Promise<void> {
  const [a, b] = stage.random.shuffle(await slots(stage));
  await fault(stage, 'crash', a as number);
  await fault(stage, 'crash', b as number);
}

/** Of the source, the target or a bystander, at some moment of it. */
async function crashInGraft(stage: Stage): Promise<void> {
  const other = await stage.graftd.connect();
  try {
    const [neighbor, to] = [stage.random.pick(stage.graftd.neighbors), await anySlot(stage)];
    const graft = stage.client.call('graft', { neighbor, to }).catch((error: Error) => error);
    await other.call('fault', { blade: await anySlot({ ...stage, client: other }), kind: 'crash' });
    const answer = await graft;
    if (answer instanceof Error) throw answer;
  } finally {
    other.close();
  }
}

/** A description, timers, and whether one neighbour's routes are taken. */
async function reload({ graftd, client, random, flexible }: Stage): Promise<void> {
  const changes = new Map<string, Record<string, unknown>>();
  for (const neighbor of graftd.neighbors)
    changes.set(neighbor, {
      description: `chaos ${random.below(1000)}`,
      'keepalive-time': 20 + random.below(10),
    });
  changes.set(flexible, { ...changes.get(flexible), import: random.pick(['accept', 'reject']) });
  graftd.rewrite(changes);
  await client.call('reload');
}

export function pickAction(random: Random): ChaosAction {
  let dice = random.below(ACTIONS.reduce((sum, { weight }) => sum + weight, 0));
  return ACTIONS.find(({ weight }) => (dice -= weight) < 0) as ChaosAction;
}
