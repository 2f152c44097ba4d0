/**
 * Threads that announce and withdraw routes of few prefixes with many sets, each in a column of its own, while another one sweeps
 * for ids that nobody uses. Who announces checks all the time that its ids still mean what they meant.
 */
import { Random } from '../../../src/base/random.ts';
import { Sweeper } from '../../../src/chassis/sweeper.ts';
import { Fabric } from '../../../src/fabric/fabric.ts';
import { attributeKey, describe, prefixKey } from './tasks-dictionaries.ts';
import type { ThreadStart } from './threads.ts';

/** Prefixes that all threads tell, and routes of one thread at most. */
const PREFIXES = 2000;
const ROUTES = 300;
/** Steps between two quiescent points. */
const TURN = 20;

interface Route {
  readonly key: number;
  readonly id: number;
  readonly set: number;
  readonly attribute: number;
}

/** What a thread holds in the end: key and id of each route. */
export function routeKeeper({ memory, me, seed, count, shared }: ThreadStart): number[] {
  const fabric = new Fabric(memory, me, describe);
  const random = new Random(seed + me);
  const routes = new Map<number, Route>();
  let sets = 0;
  for (let turn = 0; turn < count; turn++) {
    fabric.epochs.enter();
    fabric.meet();
    for (let step = 0; step < TURN; step++) {
      const key = random.below(PREFIXES);
      const known = routes.get(key);
      if (known !== undefined) check(fabric, me, known);
      if (known !== undefined && (routes.size > ROUTES || random.chance(0.5))) {
        fabric.columns.set(me, known.id, 0);
        routes.delete(key);
      } else if (routes.size <= ROUTES)
        announce(fabric, me, key, me * 1_000_000 + (sets++ % 500_000), routes);
    }
    fabric.pages.reclaim();
    if (random.chance(0.1)) fabric.epochs.leave();
    else fabric.epochs.pass();
  }
  fabric.epochs.enter();
  fabric.meet();
  for (const route of routes.values()) check(fabric, me, route);
  fabric.epochs.leave();
  Atomics.add(new Int32Array(shared), 0, 1);
  return [...routes.values()].flatMap(({ key, id }) => [key, id]);
}

function announce(fabric: Fabric, me: number, key: number, set: number, routes: Map<number, Route>): void {
  const { words, length } = prefixKey(key);
  const ipv6 = key % 3 === 0;
  const id = ipv6 ? fabric.prefixes.intern6(...words, length) : fabric.prefixes.intern4(words[0], length);
  const bytes = attributeKey(set);
  const attribute = fabric.attributes.intern(bytes, 0, bytes.length);
  // No room, until a sweep finds some.
  if (id < 0 || attribute === 0) return;
  if (!fabric.columns.set(me, id, attribute)) throw new Error('no page');
  routes.set(key, { key, id, set, attribute });
}

function check(fabric: Fabric, me: number, { key, id, set, attribute }: Route): void {
  const { prefixes, attributes, columns } = fabric;
  const { words, length } = prefixKey(key);
  const found = id >= prefixes.base6 ? prefixes.find6(...words, length) : prefixes.find4(words[0], length);
  if (found !== id) throw new Error(`thread ${me}: prefix ${key} had id ${id}, has ${found}`);
  if (columns.get(me, id) !== attribute) throw new Error(`thread ${me}: somebody wrote into its column`);
  const at = attributes.offsetOf(attribute);
  const bytes = attributes.bytes.slice(at, at + attributes.lengthOf(attribute));
  if (Buffer.compare(bytes, attributeKey(set)) !== 0)
    throw new Error(`thread ${me}: set ${attribute} is another one`);
}

/** Sweeps until all others are done, and then twice more; how many ids are in use, and came back. */
export async function idSweeper({ memory, threads, shared }: ThreadStart): Promise<number[]> {
  const fabric = new Fabric(memory, memory.options.blades, describe);
  const sweeper = new Sweeper(fabric, () => false, { pages: 2, ids: 512 });
  const done = new Int32Array(shared);
  for (let last = 0; last < 2; ) {
    if (Atomics.load(done, 0) === threads - 1) last++;
    sweeper.begin();
    while (sweeper.step(() => true)) await new Promise((resolve) => setImmediate(resolve));
  }
  const { prefixes, attributes } = fabric;
  const { sweeps, prefixes4, prefixes6, attributes: sets, blocks } = sweeper.numbers;
  return [
    ...[prefixes.pool4, prefixes.pool6, attributes.pool].map(({ used }) => used),
    ...[sweeps, prefixes4 + prefixes6, sets, blocks],
  ];
}
