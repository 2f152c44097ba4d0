/** A slot for grafts is used again and again; whoever was about to take a step for the last graft takes none for the next one. */
import test from 'ava';
import { Grafts } from '../../src/blade/moving/grafts.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { requestGraft } from '../../src/fabric/graft-request.ts';
import { GRAFT, GRAFT_STATE } from '../../src/fabric/layout.ts';
import { createFabricMemory, defaultFabricOptions } from '../../src/fabric/memory.ts';

const [FROM, TO, OTHER] = [0, 1, 2];
const MARKERS = 0b1110;

interface Seen {
  /** Markers that were put, as the numbers of their grafts. */
  readonly put: number[];
  readonly fabric: Fabric;
}

/** One look of a blade at the slot, which is undone and requested anew just before its n-th read of a word of it. */
function look(me: number, state: number, at: number, again: { from: number; to: number }): Seen {
  const memory = createFabricMemory({
    ...defaultFabricOptions(4, 8),
    prefixes4: 1 << 12,
    prefixes6: 1 << 10,
    attributes: 1 << 12,
    attributeBytes: 1 << 20,
    pages: 256,
    grafts: 1,
  });
  const fabric = new Fabric(memory, me, () => {});
  const request = (from: number, to: number): void => requestGraft(fabric, 0, 0, from, to, 0b1111);
  request(FROM, TO);
  fabric.setGraftState(0, state);
  const put: number[] = [];
  const routes = {
    siblings: { channelTo: () => ({ put: (_: number, word: number) => put.push((word - 1) >>> 5) }) },
    logs: new Set(),
    attention: { widenToAll: () => {} },
    local: { walking: false },
    hopWalk: { walked: 0 },
  };
  const sessions = { prepare: () => {}, unprepare: () => {}, release: () => [] };
  const host = { ordersDone: true, recovered: true, telling: false };
  const grafts = new Grafts(fabric, me, routes as never, host, sessions as never, () => 0);
  for (let sibling = 1; sibling < 4; sibling++) grafts.onMarker(sibling, (1 << 5) + 1);
  const read = fabric.graft.bind(fabric);
  let reads = 0;
  fabric.graft = (slot, word) => {
    if (++reads === at && undo(GRAFT_STATE.requested, GRAFT_STATE.prepared)) request(again.from, again.to);
    return read(slot, word);
  };
  // As the chassis may: not once it is being released.
  const undo = (...states: number[]): boolean =>
    states.some((before) => fabric.stepGraft(0, before, GRAFT_STATE.aborted));
  grafts.poll();
  fabric.graft = read;
  return { put, fabric };
}

test('no marker goes out for a graft that nobody has prepared', (t) => {
  for (let at = 1; at < 20; at++) {
    const { put } = look(OTHER, GRAFT_STATE.prepared, at, { from: FROM, to: TO });
    t.false(put.includes(2), `requested anew before read ${at}`);
  }
});

test('nobody prepares or releases what another blade is to prepare', (t) => {
  for (let at = 1; at < 20; at++) {
    for (const [me, state] of [
      [TO, GRAFT_STATE.requested],
      [FROM, GRAFT_STATE.prepared],
    ] as const) {
      const { fabric } = look(me, state, at, { from: OTHER, to: 3 });
      if (fabric.graftGeneration(0) === 1) continue;
      t.is(fabric.graftState(0), GRAFT_STATE.requested, `requested anew before read ${at}`);
      t.is(fabric.graft(0, GRAFT.from), OTHER);
    }
  }
});

test('undisturbed, each blade takes its step', (t) => {
  const never = { from: FROM, to: TO };
  const prepared = look(TO, GRAFT_STATE.requested, 1000, never).fabric;
  t.is(prepared.graftState(0), GRAFT_STATE.prepared);
  t.is(prepared.graft(0, GRAFT.markers), MARKERS);
  t.is(look(FROM, GRAFT_STATE.prepared, 1000, never).fabric.graftState(0), GRAFT_STATE.released);
});
