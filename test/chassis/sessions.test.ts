import { encodeKeepalive, encodeNotification, HEADER_LENGTH, MessageType } from '../../src/bgp/message.ts';
import { decodeOpen, isFailure } from '../../src/bgp/open.ts';
import { feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { lanes } from '../support/lanes.ts';
import { ROUTER_AS, ROUTER_ID, sleep, startBox, until } from './support/box.ts';
import { KEEPALIVE, openBytes, RawNeighbour } from './support/raw-neighbour.ts';

const test = lanes(3);

const AS = 64801;

test('our OPEN says who we are', async (t) => {
  const address = '127.3.0.1';
  const box = await startBox(t, { neighbors: [{ address, as: AS, 'hold-time': 33 }] });
  const neighbour = await RawNeighbour.dial(box.port, address);
  const message = (await neighbour.next(MessageType.Open)) as Uint8Array;
  const open = decodeOpen(message, HEADER_LENGTH, message.length);
  if (isFailure(open)) return t.fail(open.why);
  t.like(open, { version: 4, as: ROUTER_AS, holdTime: 33 });
  t.is(
    open.bgpId,
    ROUTER_ID.split('.').reduce((id, octet) => id * 256 + Number(octet), 0),
  );
  t.like(open.capabilities, { fourOctetAs: ROUTER_AS, routeRefresh: true });
  t.deepEqual(open.capabilities.multiprotocol, [{ afi: 1, safi: 1 }]);
  return neighbour.close();
});

test('who falls silent is told that the hold timer expired, on time', async (t) => {
  const address = '127.3.0.2';
  const box = await startBox(t, { neighbors: [{ address, as: AS, 'hold-time': 30 }] });
  const neighbour = await RawNeighbour.served(box.port, address, { as: AS, holdTime: 3 }); // the smaller one counts
  const before = performance.now();
  await sleep(1200);
  neighbour.send(KEEPALIVE);
  t.deepEqual(await neighbour.notification(8000), [4, 0]);
  const took = performance.now() - before;
  t.true(took > 4150, `${took} ms`); // the KEEPALIVE started it anew
  await neighbour.end();
  await until('the reason is told', async () =>
    /hold timer/i.test((await box.operator.showSession(address)).reason ?? ''),
  );
  neighbour.close();
});

test('half a message does not keep a session alive', async (t) => {
  const address = '127.3.0.3';
  const box = await startBox(t, { neighbors: [{ address, as: AS, 'hold-time': 3 }] });
  const neighbour = await RawNeighbour.served(box.port, address, { as: AS });
  const update = Uint8Array.from([...KEEPALIVE.subarray(0, 16), 0x0f, 0xff, 2]);
  neighbour.send(update);
  const drip = setInterval(() => neighbour.send(Uint8Array.of(0)), 200);
  t.deepEqual(await neighbour.notification(8000), [4, 0]);
  clearInterval(drip);
  neighbour.close();
});

test('KEEPALIVEs come three to four times in a hold time, and none when it is 0', async (t) => {
  const [three, never] = ['127.3.0.4', '127.3.0.5'];
  const box = await startBox(t, {
    neighbors: [
      { address: three, as: AS, 'hold-time': 3 },
      { address: never, as: AS, 'hold-time': 0 },
    ],
  });
  const neighbour = await RawNeighbour.served(box.port, three, { as: AS });
  const silent = await RawNeighbour.served(box.port, never, { as: AS });
  const times = [performance.now()];
  while (times.length < 6) {
    await neighbour.next(MessageType.Keepalive);
    times.push(performance.now());
    neighbour.send(KEEPALIVE);
  }
  const mean = ((times.at(-1) as number) - (times[1] as number)) / (times.length - 2);
  t.true(mean > 740 && mean < 1500, `${mean} ms between two`);
  await t.throwsAsync(silent.next(MessageType.Keepalive, 100));
  t.is((await box.operator.showSession(never)).state, 'Established');
  neighbour.close();
  silent.close();
});

test('shutdown says why on the wire and holds the session down; enable brings it back', async (t) => {
  const address = '127.3.0.6';
  const box = await startBox(t, { neighbors: [{ address, as: AS }] });
  const why = 'Wartung, 2 Minuten – bis gleich';
  const text = new TextEncoder().encode(why);
  const neighbour = await RawNeighbour.served(box.port, address, { as: AS });
  await box.operator.shutdown(address, why);
  t.deepEqual(await neighbour.notification(), [6, 2, text.length, ...text]); // RFC 9003 2
  await neighbour.end();
  neighbour.close();
  await until('it is down', async () => (await box.operator.showSession(address)).state === 'Idle');
  t.like(await box.operator.showSession(address), { shutdown: true });
  t.regex((await box.operator.showSession(address)).reason ?? '', /Wartung/);
  for (let i = 0; i < 3; i++) {
    const refused = await RawNeighbour.dial(box.port, address);
    t.deepEqual(await refused.notification(), [6, 5]); // RFC 4486: connection rejected
    await refused.end();
    refused.close();
    await sleep(50);
  }
  await box.operator.clear(address); // does not lift it
  await sleep(1300);
  t.is((await box.operator.showSession(address)).state, 'Idle');
  await box.operator.enable(address);
  const again = await RawNeighbour.served(box.port, address, { as: AS });
  t.is((await box.operator.showSession(address)).shutdown, undefined);
  await box.operator.shutdown(address, undefined);
  t.deepEqual(await again.notification(), [6, 2]);
  again.close();
});

test('shutdown and enable in one breath, with a table to withdraw between them, brings the session back', async (t) => {
  const [a, b] = ['127.3.0.7', '127.3.0.8'];
  const box = await startBox(t, {
    neighbors: [
      { address: a, as: AS },
      { address: b, as: AS + 1 },
    ],
  });
  const table = generateTable({ seed: 5, ipv4: 30_000, ipv6: 0 });
  const teller = await box.speaker(a, AS);
  const witness = await box.speaker(b, AS + 1);
  await Promise.all([teller.up(), witness.up()]);
  await teller.send(feedFor(table, { neighborAs: AS, nextHop: a, seed: 1 }));
  await until('the table came', () => witness.stats().routes4 === 30_000);
  for (let i = 1; i <= 3; i++) {
    await box.operator.shutdown(a, 'a moment');
    await box.operator.enable(a);
    await until('the session fell', () => teller.stats().resets === i);
    await teller.up();
    await until('the table is back', () => witness.stats().routes4 === 30_000, 20_000);
  }
  await witness.quiet(100);
  t.like(witness.stats(), { resets: 0, duplicates: 0, unknownWithdraws: 0, malformed: 0, routes4: 30_000 });
  t.is(teller.stats().lastNotification, '6/2');
});

test('clear sends a Cease and comes back by itself; how a session ended last is told, and what it had carried', async (t) => {
  const address = '127.3.0.9';
  const box = await startBox(t, { neighbors: [{ address, as: AS }] });
  const neighbour = await RawNeighbour.served(box.port, address, { as: AS });
  await until('it is up', async () => (await box.operator.showSession(address)).establishedCount === 1);
  const up = await box.operator.showSession(address);
  t.is(up.lastDown ?? up.lastNotification, undefined);
  await box.operator.clear(address);
  t.deepEqual(await neighbour.notification(), [6, 4]);
  await neighbour.end();
  neighbour.close();
  // The NOTIFICATION leaves first.
  const noted = async () => (await box.operator.showSession(address)).lastDown !== undefined;
  await until('it is noted', noted);
  const down = await box.operator.showSession(address);
  const text = 'Cease/Administrative Reset';
  t.deepEqual(down.lastNotification, { direction: 'sent', code: 6, subcode: 4, text });
  t.regex(down.lastDown ?? '', /^\d{4}-\d\d-\d\dT.*Z$/);
  t.is(down.octetsSent, neighbour.received.length);
  t.is(down.octetsReceived, openBytes({ as: AS }).length + KEEPALIVE.length);
  const again = await RawNeighbour.served(box.port, address, { as: AS });
  await until('it is up', async () => (await box.operator.showSession(address)).establishedCount === 2);
  again.send(encodeNotification(6, 2));
  const last = async () => (await box.operator.showSession(address)).lastNotification;
  await until('its word is the last one', async () => (await last())?.direction === 'received');
  t.like(await last(), { code: 6, subcode: 2, text: 'Cease/Administrative Shutdown' });
  again.close();
});

test('refresh asks the neighbour for all it has, and answers its asking', async (t) => {
  const [a, b] = ['127.3.0.10', '127.3.0.11'];
  const box = await startBox(t, {
    neighbors: [
      { address: a, as: AS },
      { address: b, as: AS + 1 },
    ],
  });
  const table = generateTable({ seed: 6, ipv4: 3000, ipv6: 0 });
  const teller = await box.speaker(a, AS);
  const witness = await box.speaker(b, AS + 1);
  await Promise.all([teller.up(), witness.up()]);
  await teller.send(feedFor(table, { neighborAs: AS, nextHop: a, seed: 1 }));
  await until('the table came', () => witness.stats().routes4 === 3000);
  await box.operator.refresh(a);
  await until('the neighbour was asked', () => teller.stats().refreshes === 1);
  await until(
    'it said all again',
    async () =>
      ((await box.operator.showSession(a)).updatesReceived ?? 0) >= 2 * (teller.stats().messagesSent / 2 - 2),
  );
  await witness.quiet(100);
  t.like(witness.stats(), { announced: 3000, duplicates: 0, resets: 0 });
  witness.refresh(1);
  await until('it is told all again', () => witness.stats().duplicates === 3000);
  witness.refresh(2); // a family that the session does not have
  await witness.quiet(100);
  t.like(witness.stats(), { duplicates: 3000, resets: 0, malformed: 0, unknownWithdraws: 0 });
  await t.throwsAsync(box.operator.refresh('127.3.0.99'), { message: /no neighbour 127\.3\.0\.99/ });
});

test('what cannot be done is refused in one line', async (t) => {
  const address = '127.3.0.12';
  const box = await startBox(t, { neighbors: [{ address, as: AS }] });
  await t.throwsAsync(box.operator.refresh(address), { message: /only an Established session/ });
  await t.throwsAsync(box.operator.graft(address, 7), { message: /there is no blade 7/ });
  await t.throwsAsync(box.operator.graft('127.3.9.9', 1), { message: /no neighbour 127\.3\.9\.9/ });
  await t.throwsAsync(box.operator.drain(9), { message: /there is no blade 9/ });
  await box.operator.drain(0);
  await t.throwsAsync(box.operator.graft(address, 0), { message: /blade 0 is drained/ });
  await t.throwsAsync(box.operator.drain(1), { message: /no other blade/ });
  await box.operator.undrain(0);
  await t.throwsAsync(box.operator.fault(0, 'crash'), { message: /faults are not allowed/ });
});

test('a neighbour without the route refresh capability is not asked for what it cannot do', async (t) => {
  const address = '127.3.0.13';
  const box = await startBox(t, { neighbors: [{ address, as: AS }] });
  const neighbour = await RawNeighbour.dial(box.port, address);
  const plain = openBytes({ as: AS }).slice(0, 29);
  plain[16] = 0;
  plain[17] = 29;
  plain[28] = 0;
  neighbour.send(plain, encodeKeepalive());
  await neighbour.next(MessageType.Keepalive);
  await until('it is up', async () => (await box.operator.showSession(address)).state === 'Established');
  await t.throwsAsync(box.operator.refresh(address), { message: /route refresh/ });
  t.false(neighbour.messages.some((message) => message[18] === MessageType.RouteRefresh));
  neighbour.close();
});
