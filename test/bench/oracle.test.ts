import test from 'ava';
import { announcement, withdrawal } from '../../bench/convergence/generator/announcements.ts';
import { Held } from '../../bench/convergence/generator/held.ts';
import { Inbox, SlabPool } from '../../bench/convergence/generator/inbox.ts';
import { Oracle } from '../../bench/convergence/generator/oracle.ts';
import { PrefixNumbers } from '../../bench/convergence/generator/prefix-numbers.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { routesFor } from '../../src/lab/neighbour.ts';

const AS = 4_200_000_000;

function numbersOf(count: number) {
  const table = generateTable({ seed: 1, ipv4: count, ipv6: count });
  const numbers = new PrefixNumbers(count, count);
  const routes = routesFor(table, { neighborAs: AS, nextHop: '198.18.0.1', seed: 1 });
  return { routes, numbers, rows: numbers.rowsOf(routes) };
}

/** As a socket would, in reads of all sizes. */
function receive(inbox: Inbox, bytes: Uint8Array): void {
  for (let at = 0, size = 1; at < bytes.length; size = 1 + ((size * 7919) % 60_000)) {
    const room = inbox.room();
    const part = bytes.subarray(at, Math.min(at + size, at + room.length));
    room.set(part);
    inbox.filled(part.length);
    at += part.length;
  }
}

test('a neighbour holds what messages say, however reads and slabs cut them, until they are withdrawn', (t) => {
  const { routes, numbers, rows } = numbersOf(100_000);
  const { bytes, lengths, messages } = announcement(routes, 3);
  t.true(bytes.length > 3 << 20, 'it takes several slabs');
  const inbox = new Inbox(new SlabPool());
  const held = new Held(numbers, { as: AS + 1, deaf: false }, true);
  const counts = { updates: 0, announced: 0, withdrawn: 0 };
  receive(inbox, bytes);
  held.read(inbox, counts);
  t.deepEqual(counts, { updates: messages, announced: rows.length, withdrawn: 0 });
  t.true(rows.every((number, row) => held.lengths[number] === lengths[row]));
  t.true(lengths.every((length) => length > 0));
  receive(inbox, withdrawal(routes, 3).bytes);
  held.read(inbox, counts);
  t.is(counts.withdrawn, rows.length);
  t.true(held.lengths.every((length) => length === 0));
  t.deepEqual(held.mistakes(), []);
});

test('a route with the neighbour’s own AS in its path is of no use to it, and a prefix that is unknown or not for it is a mistake', (t) => {
  const { routes, numbers } = numbersOf(200);
  const inbox = new Inbox(new SlabPool());
  const { bytes } = announcement(routes, 3);
  receive(inbox, bytes);
  const looped = new Held(numbers, { as: AS, deaf: false }, true);
  looped.read(inbox, { updates: 0, announced: 0, withdrawn: 0 });
  t.true(looped.lengths.every((length) => length === 0));
  receive(inbox, bytes);
  const strange = new Held(numbersOf(1).numbers, { as: AS + 1, deaf: false }, true);
  strange.read(inbox, { updates: 0, announced: 0, withdrawn: 0 });
  t.regex(strange.mistakes().join(), /nobody announced/);
  const deaf = new Held(numbers, { as: AS + 1, deaf: true }, true);
  receive(inbox, bytes);
  deaf.read(inbox, { updates: 0, announced: 0, withdrawn: 0 });
  t.regex(deaf.mistakes().join(), /not for it/);
});

test('the rest of a message that did not come is a mistake', (t) => {
  const { routes, numbers } = numbersOf(50);
  const inbox = new Inbox(new SlabPool());
  receive(inbox, announcement(routes, 3).bytes.slice(0, -1));
  const held = new Held(numbers, { as: AS + 1, deaf: false }, true);
  held.read(inbox, { updates: 0, announced: 0, withdrawn: 0 });
  t.regex(held.mistakes().join(), /cut/);
});

/** Three prefixes; the first sender has the best path of 0, ties for 1, and the other one has the best of 2. */
function small() {
  const { numbers, rows } = numbersOf(3);
  const [a, b, c] = rows.subarray(0, 3) as unknown as [number, number, number];
  const lengths = (...of: number[]): Uint8Array => Uint8Array.from([...of, 0, 0, 0]);
  const senders = [
    { rows, lengths: lengths(2, 3, 5) },
    { rows, lengths: lengths(4, 3, 4) },
  ];
  const by = (...of: number[]): Uint8Array => {
    const column = new Uint8Array(numbers.count);
    for (const [i, number] of [a, b, c].entries()) column[number] = of[i] as number;
    return column;
  };
  return { oracle: new Oracle(numbers, senders), by };
}

test('a receiver must hold the shortest path of all, one AS longer, and nothing else will do', (t) => {
  const { oracle, by } = small();
  t.is(oracle.receiver(by(3, 4, 5)), undefined);
  for (const wrong of [by(0, 4, 5), by(4, 4, 5), by(3, 4, 6), by(3, 0, 5)])
    t.regex(oracle.receiver(wrong) ?? '', /^1 of 6 prefixes wrong/);
});

test('a sender is not told its own best route; for a tie it may be told the other one', (t) => {
  const { oracle, by } = small();
  const own = by(2, 3, 5);
  for (const right of [by(0, 4, 5), by(0, 0, 5)]) t.is(oracle.sender(right, 0, own), undefined);
  for (const wrong of [by(5, 4, 5), by(0, 4, 0), by(0, 5, 5), by(3, 0, 5)])
    t.regex(oracle.sender(wrong, 0, own) ?? '', /1 of 6 prefixes wrong/);
  t.is(oracle.sender(by(3, 4, 0), 1, by(4, 3, 4)), undefined);
});
