import test from 'ava';
import type { Giver } from '../../src/chassis/giver.ts';
import type { Sweeper } from '../../src/chassis/sweeper.ts';
import { Sweeping } from '../../src/chassis/sweeping.ts';
import { Room } from '../../src/fabric/room.ts';
import { smallFabric } from '../fabric/support/small.ts';

/** Milliseconds after which it is calm. */
const LONG = 10_000;

/** A sweeper and a giver that have work without end, and a clock that is put on by hand. */
class Stage {
  now = 0;
  readonly fabric = smallFabric();
  readonly said: string[] = [];
  readonly sweeper = {
    need: { due: false, worthwhile: false, activity: 0 },
    sweeping: false,
    numbers: { sweeps: 0 },
    begin: () => {
      this.said.push('sweeps');
      this.sweeper.sweeping = true;
    },
    step: () => true,
  };
  readonly giver = {
    giving: false,
    due: () => true,
    begin: () => {
      this.said.push('gives');
      this.giver.giving = true;
    },
    step: () => {
      this.now += 3;
      return true;
    },
    abandon: () => {
      this.said.push('gives no more');
      this.giver.giving = false;
    },
  };
  readonly sweeping = new Sweeping(
    this.sweeper as unknown as Sweeper,
    () => this.now,
    this.fabric.box,
    (text) => this.said.push(text),
    this.giver as unknown as Giver,
  );

  async until(said: readonly string[]): Promise<void> {
    while (this.said.length < said.length) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test.serial('who waits for a sweep does not wait until memory has been given back', async (t) => {
  const stage = new Stage();
  stage.now = LONG;
  stage.sweeping.start();
  await stage.until(['gives']);
  stage.sweeper.need.due = true;
  const said = ['gives', 'gives no more', 'sweeps'];
  await stage.until(said);
  stage.sweeping.stop();
  t.deepEqual(stage.said, said);
});

test.serial('nothing is given back while much happens', async (t) => {
  const stage = new Stage();
  stage.now = LONG;
  stage.sweeping.start();
  await stage.until(['gives']);
  stage.sweeper.need.activity += 100_000;
  stage.now += 1000;
  await stage.until(['gives', 'gives no more']);
  stage.sweeping.stop();
  t.deepEqual(stage.said, ['gives', 'gives no more']);
});

test.serial('a sweep for memory alone takes its time, until somebody waits for it', async (t) => {
  const stage = new Stage();
  stage.now = LONG;
  stage.sweeper.need.worthwhile = true;
  let slices = 0;
  stage.sweeper.step = () => {
    if (++slices === 3) stage.sweeper.need.due = true;
    return true;
  };
  const pauses: number[] = [];
  const real = globalThis.setTimeout;
  const quick = (work: () => void, milliseconds: number): NodeJS.Timeout => {
    if (slices > 0) pauses.push(milliseconds);
    return real(work, 0);
  };
  globalThis.setTimeout = quick as typeof setTimeout;
  try {
    stage.sweeping.start();
    while (slices < 8) await new Promise((resolve) => real(resolve, 1));
  } finally {
    stage.sweeping.stop();
    globalThis.setTimeout = real;
  }
  t.deepEqual(pauses.slice(0, 7), [200, 200, 200, 1, 1, 1, 1]);
});

test.serial('who runs out of ids while all is calm does not wait for the next look', async (t) => {
  const stage = new Stage();
  stage.now = LONG;
  stage.giver.due = () => false;
  const pauses: number[] = [];
  const real = globalThis.setTimeout;
  // The look that is far away never comes.
  const quick = (work: () => void, milliseconds: number): NodeJS.Timeout => {
    pauses.push(milliseconds);
    return real(milliseconds === 500 ? () => {} : work, 0);
  };
  globalThis.setTimeout = quick as typeof setTimeout;
  try {
    stage.sweeping.start();
    while (pauses.length < 2) await new Promise((resolve) => real(resolve, 1));
    stage.sweeper.need.due = true;
    new Room(stage.fabric, 0).tryAfter();
    for (let left = 1000; left > 0 && stage.said.length === 0; left--)
      await new Promise((resolve) => real(resolve, 1));
  } finally {
    stage.sweeping.stop();
    globalThis.setTimeout = real;
  }
  t.deepEqual([stage.said, pauses.slice(0, 2)], [['sweeps'], [50, 500]]);
});
