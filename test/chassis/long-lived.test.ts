/** Long-lived graceful restart as the helper (RFC 9494) against a real chassis: a neighbour that does not come back in time. */
import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { encodeEndOfRib } from '../../src/bgp/encode.ts';
import { GRACEFUL } from '../../src/bgp/graceful.ts';
import { MessageType, messageType } from '../../src/bgp/message.ts';
import { decodeOpen, isFailure } from '../../src/bgp/open.ts';
import type { Box } from './support/box.ts';
import { startBox, until } from './support/box.ts';
import { KEEPALIVE, openBytes, RawNeighbour } from './support/raw-neighbour.ts';

const N = { address: '127.14.1.1', as: 64501 };
const OTHER = { address: '127.14.1.2', as: 64502 };
const KNOWS = { address: '127.14.1.3', as: 64503 };
const PLAIN = { address: '127.14.1.4', as: 64504 };
const GUARDED = { address: '127.14.1.5', as: 64505 };
const INSIDE = { address: '127.14.1.6', as: 65000 };
const END_OF_RIB = encodeEndOfRib(1, 1);
const LLGR_STALE = [0xff, 0xff, 0, 6];
const NO_LLGR = [0xff, 0xff, 0, 7];
const NO_EXPORT = [0xff, 0xff, 0xff, 1];

/** Prefixes as NLRI: both have the first, the second is N's alone, the third as well, and is not to be kept. */
const SHARED = [24, 198, 51, 100];
const ALONE = [24, 198, 51, 101];
const SHORT = [24, 198, 51, 102];
type Neighbour = typeof N;

interface Speaking {
  readonly restartTime?: number;
  /** Seconds of the long-lived capability; undefined: without. */
  readonly seconds?: number | undefined;
}

async function dial(
  t: ExecutionContext,
  box: Box,
  who: Neighbour,
  speaking: Speaking,
): Promise<RawNeighbour> {
  const { restartTime = 1, seconds } = speaking;
  const neighbour = await RawNeighbour.dial(box.port, who.address);
  t.teardown(() => neighbour.close());
  const families = [{ afi: 1, safi: 1, flags: GRACEFUL.forwarding }];
  neighbour.send(
    openBytes({
      as: who.as,
      id: who.address,
      capabilities: {
        gracefulRestart: { flags: 0, restartTime, families },
        longLived: seconds === undefined ? undefined : families.map((each) => ({ ...each, seconds })),
      },
    }),
    KEEPALIVE,
  );
  await neighbour.next(MessageType.Keepalive, 10_000);
  return neighbour;
}

/** An UPDATE with one prefix, by its octets; without `as` a withdrawal. */
function update(nlri: readonly number[], as?: number, communities: readonly number[] = []): Uint8Array {
  const path = [2, 1, 0, 0, (as ?? 0) >>> 8, (as ?? 0) & 255];
  const attributes =
    as === undefined
      ? []
      : [
          ...[0x40, 1, 1, 0, 0x40, 2, path.length, ...path, 0x40, 3, 4, 192, 0, 2, 7],
          ...(communities.length === 0 ? [] : [0xc0, 8, communities.length, ...communities]),
        ];
  const withdrawn = as === undefined ? nlri : [];
  const body = [
    0,
    withdrawn.length,
    ...withdrawn,
    0,
    attributes.length,
    ...attributes,
    ...(as === undefined ? [] : nlri),
  ];
  return Uint8Array.from([...new Array<number>(16).fill(255), 0, 19 + body.length, 2, ...body]);
}

const has = (message: Uint8Array, octets: readonly number[]): boolean =>
  Buffer.from(message).includes(Buffer.from(octets));

/** What a neighbour was told last of each prefix: by its last octet the UPDATE, or undefined where it was withdrawn. */
class Told {
  readonly #table = new Map<number, Uint8Array>();
  readonly #neighbour: RawNeighbour;
  #seen = 0;

  constructor(neighbour: RawNeighbour) {
    this.#neighbour = neighbour;
  }

  get(nlri: readonly number[]): Uint8Array | undefined {
    for (; this.#seen < this.#neighbour.messages.length; this.#seen++) {
      const message = this.#neighbour.messages[this.#seen] as Uint8Array;
      if (messageType(message, 0) !== MessageType.Update) continue;
      const withdrawn = ((message[19] as number) << 8) | (message[20] as number);
      for (let at = 21; at < 21 + withdrawn; at += 4) this.#table.delete(message[at + 3] as number);
      const attributes = ((message[21 + withdrawn] as number) << 8) | (message[22 + withdrawn] as number);
      for (let at = 23 + withdrawn + attributes; at < message.length; at += 4)
        this.#table.set(message[at + 3] as number, message);
    }
    return this.#table.get(nlri[3] as number);
  }
}

async function world(t: ExecutionContext, more: Readonly<Record<string, unknown>> = {}) {
  const helped = { ...N, 'long-lived-stale-time': 3600, ...more };
  const box = await startBox(t, {
    neighbors: [
      helped,
      OTHER,
      KNOWS,
      PLAIN,
      { ...GUARDED, 'tell-stale': true },
      { ...INSIDE, 'tell-stale': true },
    ],
  });
  const knows = new Told(await dial(t, box, KNOWS, { seconds: 1 }));
  const plain = new Told(await dial(t, box, PLAIN, {}));
  const guarded = new Told(await dial(t, box, GUARDED, {}));
  const inside = new Told(await dial(t, box, INSIDE, {}));
  const session = () => box.operator.showSession(N.address);
  const established = async (yes: boolean): Promise<void> =>
    until('the state is seen', async () => ((await session()).state === 'Established') === yes);
  return { box, knows, plain, guarded, inside, session, established };
}

function tellAll(neighbour: RawNeighbour): void {
  neighbour.send(update(SHARED, N.as), update(ALONE, N.as), update(SHORT, N.as, NO_LLGR), END_OF_RIB);
}

test('our OPEN has the capability where it is configured, without a family', async (t) => {
  for (const [seconds, expected] of [
    [0, undefined],
    [60, []],
  ] as const) {
    const box = await startBox(t, { neighbors: [{ ...N, 'long-lived-stale-time': seconds }] });
    const neighbour = await RawNeighbour.dial(box.port, N.address);
    const message = (await neighbour.next(MessageType.Open)) as Uint8Array;
    const open = decodeOpen(message, 19, message.length);
    t.deepEqual(isFailure(open) ? open.why : open.capabilities.longLived, expected as never);
    neighbour.close();
    await box.stop();
  }
});

test.serial('who is away for long is the last choice, and told to who knows what that is', async (t) => {
  const { box, knows, plain, guarded, inside, session, established } = await world(t);
  const first = await dial(t, box, N, { seconds: 600 });
  tellAll(first);
  const other = await dial(t, box, OTHER, {});
  other.send(update(SHARED, OTHER.as));
  for (const told of [knows, plain, guarded, inside])
    await until('all is told', () => [SHARED, ALONE, SHORT].every((each) => told.get(each) !== undefined));
  t.true(has(knows.get(SHARED) as Uint8Array, [0, 0, 0xfb, 0xf5]), 'the route of the lower BGP Identifier');

  first.socket.resetAndDestroy();
  await established(false);
  await until('its restart time is over', async () => (await session()).stale?.longLived !== undefined);
  for (const told of [knows, plain, guarded, inside]) {
    await until('the other one is chosen', () => has(told.get(SHARED) as Uint8Array, [0, 0, 0xfb, 0xf6]));
    await until('what says NO_LLGR is gone', () => told.get(SHORT) === undefined);
  }
  await until('it is told as what it is', () => has(knows.get(ALONE) as Uint8Array, LLGR_STALE));
  await until('it is not told to who does not know', () => plain.get(ALONE) === undefined);
  await until('it goes no further', () =>
    has(guarded.get(ALONE) as Uint8Array, [...LLGR_STALE, ...NO_EXPORT]),
  );
  await until('it is the last choice', () => has(inside.get(ALONE) as Uint8Array, [0x40, 5, 4, 0, 0, 0, 0]));
  const { stale, longLivedRoutes } = await session();
  t.deepEqual(stale?.longLived, ['ipv4-unicast']);
  t.true((stale?.seconds ?? 0) > 500 && (stale?.seconds ?? 0) <= 600);
  t.deepEqual(longLivedRoutes, { kept: 2, dropped: 1 });

  await box.operator.graft(N.address, 1 - (await session()).blade);
  const again = await dial(t, box, N, { seconds: 600 });
  await established(true);
  again.send(update(SHARED, N.as));
  await until('it is chosen again', () => has(knows.get(SHARED) as Uint8Array, [0, 0, 0xfb, 0xf5]));
  t.true(has(knows.get(ALONE) as Uint8Array, LLGR_STALE), 'not told again, and not withdrawn yet');
  again.send(END_OF_RIB);
  await until('what it did not tell again is gone', () => knows.get(ALONE) === undefined);
  await until('nothing is stale', async () => (await session()).stale === undefined);
  t.is((await session()).routesReceived, 1);
});

test.serial('what import policy marks as not to be kept is not kept, as if the neighbour had', async (t) => {
  const box = await startBox(t, {
    neighbors: [{ ...N, 'long-lived-stale-time': 3600, import: 'short' }, KNOWS],
    more: parse(`
prefix-sets: { alone: [198.51.101.0/24] }
policies:
  short: [{ if: { prefix: alone }, set: { community: { add: "65535:7" } } }, { then: accept }]
`) as Record<string, unknown>,
  });
  const knows = new Told(await dial(t, box, KNOWS, { seconds: 1 }));
  const first = await dial(t, box, N, { restartTime: 1, seconds: 600 });
  first.send(update(SHARED, N.as), update(ALONE, N.as), END_OF_RIB);
  await until('both are told', () => knows.get(SHARED) !== undefined && knows.get(ALONE) !== undefined);
  first.socket.resetAndDestroy();
  await until('the one is kept', () => has(knows.get(SHARED) as Uint8Array, LLGR_STALE));
  await until('the other one is gone', () => knows.get(ALONE) === undefined);
  t.deepEqual((await box.operator.showSession(N.address)).longLivedRoutes, { kept: 1, dropped: 1 });
});

test.serial('a reload with another import rule and back leaves them the last choice', async (t) => {
  const { box, knows, session, established } = await world(t);
  const first = await dial(t, box, N, { seconds: 600 });
  tellAll(first);
  await until('told', () => knows.get(ALONE) !== undefined);
  first.socket.resetAndDestroy();
  await established(false);
  await until('its restart time is over', () => has(knows.get(ALONE) as Uint8Array, LLGR_STALE));
  const second = await dial(t, box, N, { seconds: 600 });
  await established(true);
  for (const importAccept of [false, true]) {
    const changed = { ...box.entry(N.address).configuration, importAccept };
    for (const blade of box.chassis.blades) blade.order({ kind: 'configure', session: changed });
    await until(`accepted: ${importAccept}`, () => (knows.get(ALONE) !== undefined) === importAccept);
  }
  await until('still the last choice', () => has(knows.get(ALONE) as Uint8Array, LLGR_STALE));
  second.send(END_OF_RIB);
  await until('gone', async () => (await session()).routesReceived === 0);
  t.pass();
});

test.serial('the time that we configure counts where it is less, and ends it', async (t) => {
  const { box, knows, session, established } = await world(t, { 'long-lived-stale-time': 1 });
  const first = await dial(t, box, N, { restartTime: 0, seconds: 600 });
  tellAll(first);
  await until('told', () => knows.get(ALONE) !== undefined);
  first.socket.resetAndDestroy();
  await established(false);
  await until('its long time is over', () => knows.get(ALONE) === undefined);
  await until('nothing is left', async () => (await session()).routesReceived === 0);
  await until('nor anything stale', async () => (await session()).stale === undefined);
  t.pass();
});

test.serial('who lost its forwarding state meanwhile loses its routes when it is back', async (t) => {
  const { box, knows, established } = await world(t);
  const first = await dial(t, box, N, { seconds: 600 });
  tellAll(first);
  await until('told', () => knows.get(ALONE) !== undefined);
  first.socket.resetAndDestroy();
  await established(false);
  await until('its restart time is over', () => has(knows.get(ALONE) as Uint8Array, LLGR_STALE));
  await dial(t, box, N, {});
  await until('gone', () => knows.get(ALONE) === undefined);
  t.pass();
});
