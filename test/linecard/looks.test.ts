/** When a line card looks at its connections. */
import test from 'ava';
import { SESSION, SESSION_NUMBER } from '../../src/fabric/layout.ts';
import { Looks, VigilKeeper, type Watched } from '../../src/linecard/vigil.ts';
import { smallFabric } from '../fabric/support/small.ts';

const ESTABLISHED = 6;
const HOLD_TIME = 90;

/** A clock, and timers that go off when they are let. */
class Time {
  now = 1000;
  readonly waits: number[] = [];
  #work: (() => void) | undefined;
  readonly #real = { set: globalThis.setTimeout, clear: globalThis.clearTimeout };

  constructor() {
    const set = (work: () => void, milliseconds: number): number => {
      this.waits.push(milliseconds);
      this.#work = work;
      return this.waits.length;
    };
    globalThis.setTimeout = set as unknown as typeof setTimeout;
    globalThis.clearTimeout = () => (this.#work = undefined);
  }

  pass(): void {
    this.now += this.waits.at(-1) as number;
    this.#work?.();
  }

  restore(): void {
    globalThis.setTimeout = this.#real.set;
    globalThis.clearTimeout = this.#real.clear;
  }
}

test.serial('the card looks once a second where nothing is due, and soon where something is new', (t) => {
  const time = new Time();
  t.teardown(() => time.restore());
  let next = Number.POSITIVE_INFINITY;
  let looks = 0;
  const watch = (): number => {
    looks++;
    return next;
  };
  const looking = new Looks(watch, () => time.now);
  time.pass();
  time.pass();
  t.deepEqual(time.waits, [100, 1000, 1000]);
  looking.soon();
  t.is(time.waits.at(-1), 100);
  // Many connections come at the same time: they wait together.
  time.now += 60;
  looking.soon();
  t.is(time.waits.length, 4);
  next = 0;
  time.pass();
  t.is(time.waits.at(-1), 100);
  next = time.now + 400;
  time.pass();
  t.is(time.waits.at(-1), 300);
  t.is(looks, 4);
});

test('a KEEPALIVE is said for a blade that is late, no sooner and not again before its time', (t) => {
  const fabric = smallFabric({ sessions: 2 });
  fabric.setSession(0, SESSION.state, ESTABLISHED);
  fabric.setSession(0, SESSION.holdTime, HOLD_TIME);
  fabric.setNumber(0, SESSION_NUMBER.keepaliveDue, 5000);
  let said = 0;
  let free = true;
  const connection: Watched = {
    session: 0,
    which: 0,
    interject: () => {
      if (free) said++;
      return free;
    },
  };
  const vigil = new VigilKeeper(fabric, 0, { state: ESTABLISHED, message: new Uint8Array(19) });
  t.deepEqual([vigil.watch(connection, 4000), said], [5250, 0]);
  free = false;
  t.deepEqual([vigil.watch(connection, 5250), said], [5250, 0]);
  free = true;
  t.deepEqual([vigil.watch(connection, 5350), said], [5350 + (HOLD_TIME * 1000) / 3, 1]);
  t.deepEqual([vigil.watch(connection, 5450), said], [5350 + (HOLD_TIME * 1000) / 3, 1]);
});
