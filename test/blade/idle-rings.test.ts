import test from 'ava';
import { IdleRings } from '../../src/blade/session/idle-rings.ts';
import type { Fabric } from '../../src/fabric/fabric.ts';
import { CONNECTION, READER, SESSION } from '../../src/fabric/layout.ts';
import { smallFabric } from '../fabric/support/small.ts';
import { wiping } from '../support/wiping.ts';

const RING = 1 << 12;
const SESSION_HERE = 3;
const WHICH = 1;

interface Stage {
  readonly fabric: Fabric;
  look(times: number): void;
  /** So much has gone through both rings, and was taken. */
  pass(octets: number): void;
  word(name: number, value: number): void;
  /** What stands in the rings: all sevens, or all zeros. */
  transmit(): number;
  receive(): number;
}

function stage(reader: number): Stage {
  const fabric = smallFabric({ receiveBytes: RING, transmitBytes: RING });
  const { connections } = fabric;
  const at = connections.at(SESSION_HERE, WHICH);
  const rings = new IdleRings(fabric, wiping);
  const word = (name: number, value: number): void => {
    connections.words[at + name] = value;
  };
  connections.transmit.fill(7);
  connections.receive.fill(7);
  connections.want(at, 1, true);
  fabric.setSession(SESSION_HERE, SESSION.connection, WHICH);
  word(CONNECTION.reader, reader);
  let position = 0;
  const first = (ring: Uint8Array, start: number): number => {
    const mine = ring.subarray(start, start + RING);
    const some = mine[0] as number;
    const alike = mine.every((octet) => octet === some);
    const others = [...ring.subarray(0, start), ...ring.subarray(start + RING)].every((octet) => octet === 7);
    return alike && others ? some : -1;
  };
  return {
    fabric,
    word,
    look: (times) => {
      for (let i = 0; i < times; i++) {
        rings.begin();
        rings.look(SESSION_HERE);
      }
    },
    pass: (octets) => {
      position += octets;
      for (const name of ['transmitHead', 'transmitTail', 'receiveHead', 'receiveTail'] as const)
        word(CONNECTION[name], position);
    },
    transmit: () => first(connections.transmit, connections.transmitStart(SESSION_HERE, WHICH)),
    receive: () => first(connections.receive, connections.receiveStart(SESSION_HERE, WHICH)),
  };
}

test('rings through which much has gone, and nothing for some seconds, go back', (t) => {
  const { pass, look, transmit, receive } = stage(READER.blade);
  look(20);
  t.is(transmit(), 7, 'nothing was ever there');
  pass(RING);
  look(6);
  t.deepEqual([transmit(), receive()], [7, 7]);
  look(1);
  t.deepEqual([transmit(), receive()], [0, 0]);
});

test('what a line card reads is its own', (t) => {
  const { pass, look, transmit, receive } = stage(READER.card);
  pass(RING);
  look(10);
  t.deepEqual([transmit(), receive()], [0, 7]);
});

test('what little goes through does not matter, more does, and what was not taken stays', (t) => {
  const quiet = stage(READER.blade);
  quiet.pass(RING);
  for (let i = 0; i < 10; i++) {
    quiet.pass(5);
    quiet.look(1);
  }
  t.is(quiet.transmit(), 0);
  const busy = stage(READER.blade);
  for (let i = 0; i < 20; i++) {
    busy.pass(RING / 8);
    busy.look(1);
  }
  t.deepEqual([busy.transmit(), busy.receive()], [7, 7]);
  const full = stage(READER.blade);
  full.pass(RING);
  full.word(CONNECTION.transmitHead, RING + 1);
  full.word(CONNECTION.receiveHead, RING + 1);
  full.look(20);
  t.deepEqual([full.transmit(), full.receive()], [7, 7]);
  const closed = stage(READER.blade);
  closed.pass(RING);
  closed.fabric.connections.want(closed.fabric.connections.at(SESSION_HERE, WHICH), 1, false);
  closed.look(20);
  t.deepEqual([closed.transmit(), closed.receive()], [7, 7]);
});
