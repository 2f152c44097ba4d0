/** A blade in the middle of a flood, and a neighbour that says one thing. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { Blade } from '../../src/blade/blade.ts';
import { openRecord } from '../../src/blade/rehearsal/rehearsal.ts';
import { Neighbor } from '../../src/blade/rehearsal/rehearsal-neighbor.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { CONNECTION, READER } from '../../src/fabric/layout.ts';
import { Lookout } from '../../src/fabric/lookout.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import { FakeKernel, FakeSocket } from '../fabric/support/kernel.ts';
import { smallMemory } from '../fabric/support/small.ts';
import { plainSession } from './plain-session.ts';

const [FLOODER, CALM, WITNESS] = [0, 1, 2] as const;
const DESCRIPTOR = 7;

function scene() {
  const rings = { receiveBytes: 1 << 16, transmitBytes: 1 << 18, prefixes4: 1 << 15, attributes: 1 << 14 };
  const memory = smallMemory({ blades: 1, sessions: 3, attributeBytes: 1 << 20, pages: 1024, ...rings });
  const fabric = new Fabric(memory, 0, describeFor(65_000));
  const { words } = fabric.connections;
  const kernel = new FakeKernel(() => {});
  const socket = new FakeSocket();
  kernel.sockets.set(DESCRIPTOR, socket);
  fabric.lookout = Lookout.open(fabric, kernel);
  const configurations = [FLOODER, CALM, WITNESS].map((index) => plainSession(index));
  const blade = new Blade(
    fabric,
    0,
    configurations,
    () => 0,
    new Random(1),
    () => {},
  );
  const flooder = new Neighbor(fabric, FLOODER, 65_001);
  const calm = new Neighbor(fabric, CALM, 65_002, 0, (message, length) => {
    socket.arrived.push(...message.subarray(0, length));
    socket.news = true;
  });
  for (const { index } of configurations) {
    openRecord(fabric, index);
    blade.order({ kind: 'attach', session: index });
  }
  const at = fabric.connections.at(CALM, 0);
  words[at + CONNECTION.descriptor] = DESCRIPTOR + 1;
  words[at + CONNECTION.reader] = READER.blade;
  while (blade.turn());
  return { fabric, blade, socket, words, flooder, calm };
}

test('what somebody calm says is read between two slices of a flood, and told before the flood goes on', (t) => {
  const { fabric, blade, socket, words, flooder, calm } = scene();
  t.true(fabric.lookout?.isCalm(CALM));
  const waiting = (session: number, head: number, tail: number): number => {
    const where = fabric.connections.at(session, 0);
    return ((words[where + head] as number) - (words[where + tail] as number)) | 0;
  };
  const told = (): number => waiting(WITNESS, CONNECTION.transmitHead, CONNECTION.transmitTail);
  const unread = (): number => waiting(FLOODER, CONNECTION.receiveHead, CONNECTION.receiveTail);
  for (let set = 1; unread() < 50_000; set++) flooder.tell(1, set % 2 === 0 ? set : set + 2000);
  // It comes while the blade is at work: nobody has looked at the socket when the turn begins.
  calm.tell(0, 4000);
  const flood = unread();
  const before = told();
  t.true(blade.turn());
  t.is(socket.arrived.length, 0);
  const first = told() - before;
  t.true(first > 0 && first < 200, `${first} octets: the one message`);
  t.true(unread() > flood - 6 * blade.limits.receiveBytes, `${unread()} of ${flood} octets are left`);
  while (blade.turn());
  t.is(unread(), 0);
  t.true(told() > 10_000);
});

test('a flood that the blade reads itself wakes no line card', (t) => {
  const { fabric, blade, socket, calm } = scene();
  for (let set = 0; set < 400; set++) calm.tell(0, set);
  fabric.ready.takeForCard(0, 0);
  t.true(socket.arrived.length > fabric.options.receiveBytes >> 1);
  fabric.lookout?.look(0);
  while (blade.turn());
  t.is(socket.arrived.length, 0);
  t.is(fabric.ready.takeForCard(0, 0) & (1 << CALM), 0);
});
