import test from 'ava';
import { encodeKeepalive } from '../../src/bgp/message.ts';
import { type MessageTaker, Wire } from '../../src/blade/session/wire.ts';
import { CONNECTION, CONNECTION_STATE } from '../../src/fabric/layout.ts';
import { smallFabric } from '../fabric/support/small.ts';

const SESSION = 2;
const keepalive = encodeKeepalive();
const RING = 256;

/** A connection whose ring is so full that the line card waits for room, and what the card hears. */
function fullWire() {
  const fabric = smallFabric();
  const { connections } = fabric;
  const at = connections.at(SESSION, 0);
  connections.setState(at, 1, CONNECTION_STATE.open);
  connections.want(at, 1, true);
  const wire = new Wire(fabric, SESSION, 0);
  wire.attach();
  const fill = (messages: number): void => {
    const head = connections.words[at + CONNECTION.receiveHead] as number;
    const start = connections.receiveStart(SESSION, 0);
    for (let i = 0; i < messages * keepalive.length; i++)
      connections.receive[start + ((head + i) % RING)] = keepalive[i % keepalive.length] as number;
    connections.words[at + CONNECTION.receiveHead] = head + messages * keepalive.length;
  };
  const cardHears = (): boolean => fabric.ready.takeForCard(0, 0) !== 0;
  return { wire, fill, cardHears };
}

function taker(onMessage: () => void): MessageTaker {
  return { maxMessage: () => 4096, onMessage, onPause() {}, onBadHeader() {} };
}

test('a line card that waits for room hears of that which a message made that was passed, though the next one is to be read again', (t) => {
  const { wire, fill, cardHears } = fullWire();
  fill(11);
  let messages = 0;
  const read = wire.read(
    4096,
    taker(() => {
      if (++messages < 10) wire.pass();
      else wire.readAgain();
    }),
  );
  t.is(read, 0);
  t.true(cardHears());
});

test('a line card that began to wait for room while messages were read hears of what they made', (t) => {
  const { wire, fill, cardHears } = fullWire();
  fill(5);
  let first = true;
  wire.read(
    4096,
    taker(() => {
      if (first) fill(6);
      first = false;
    }),
  );
  t.true(cardHears());
});
