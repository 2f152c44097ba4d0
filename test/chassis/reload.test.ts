/** `chassis reload` on a real chassis: only what changed is touched, and the neighbours see only differences. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Random } from '../../src/base/random.ts';
import { HEADER_LENGTH, MessageType } from '../../src/bgp/message.ts';
import { decodeOpen, isFailure } from '../../src/bgp/open.ts';
import { GraftUndone } from '../../src/chassis/graft.ts';
import { OperationError, type ReloadReport } from '../../src/chassis/operations.ts';
import { feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import type { Speaker } from '../../src/lab/speaker.ts';
import { compareTold } from '../../src/lab/told.ts';
import { type Box, type BoxOptions, configurationText, sleep, startBox, until } from './support/box.ts';
import { SAME } from './support/internet-box.ts';
import { Program } from './support/program.ts';
import { RawListener, RawNeighbour } from './support/raw-neighbour.ts';

const A = { address: '127.10.0.1', as: 64501 };
const B = { address: '127.10.0.2', as: 64502 };
const W = { address: '127.10.0.3', as: 64503 };
const X = { address: '127.10.0.4', as: 64504 };
const ROUTES = 5000;
const table = generateTable({ seed: 41, ipv4: ROUTES, ipv6: 0 });
const feeds = [A, B].map(({ as, address }, seed) =>
  feedFor(table, { neighborAs: as, nextHop: address, seed }),
);

interface Reloadable extends Box {
  /** Writes the file anew and reloads. */
  with(options: BoxOptions, change?: (text: string) => string): Promise<ReloadReport>;
  write(options: BoxOptions, change?: (text: string) => string): void;
}

async function start(t: ExecutionContext, options: BoxOptions): Promise<Reloadable> {
  const box = await startBox(t, options);
  const files = {
    port: box.port,
    control: path.join(box.folder, 'c.sock'),
    state: path.join(box.folder, 'graftd.db'),
  };
  const write = (other: BoxOptions, change = (text: string): string => text): void =>
    writeFileSync(path.join(box.folder, 'graftd.yaml'), change(configurationText(other, files)));
  return {
    ...box,
    write,
    with(other, change) {
      write(other, change);
      return box.operator.reload({ dryRun: false });
    },
  };
}

/** A and B tell the same prefixes, W hears of them. */
async function three(t: ExecutionContext): Promise<Reloadable & { a: Speaker; b: Speaker; w: Speaker }> {
  const box = await start(t, { neighbors: [A, B, W] });
  const [a, b, w] = await Promise.all([A, B, W].map(({ address, as }) => box.speaker(address, as)));
  const speakers = { a: a as Speaker, b: b as Speaker, w: w as Speaker };
  await Promise.all(Object.values(speakers).map((speaker) => speaker.up()));
  await Promise.all([speakers.a.send(feeds[0]!), speakers.b.send(feeds[1]!)]);
  await until('the witness has the table', () => speakers.w.stats().routes4 === ROUTES);
  await settled(box, [A, B]);
  return { ...box, ...speakers };
}

/** All routes of these have come, and no blade decides anything any more. */
async function settled(box: Box, tellers: readonly { address: string }[]): Promise<void> {
  for (const { address } of tellers) {
    const received = async (): Promise<number> => (await box.operator.showSession(address)).routesReceived;
    await until('all routes came', async () => (await received()) === ROUTES);
  }
  for (let unchanged = 0, last = ''; unchanged < 5; ) {
    await sleep(50);
    const blades = (await box.operator.showBlades()).map((blade) => blade.decisionsRun);
    const sessions = (await box.operator.showSessions()).map((session) => session.updatesSent);
    const now = JSON.stringify([blades, sessions]);
    unchanged = now === last ? unchanged + 1 : 0;
    last = now;
  }
}

function unharmed(t: ExecutionContext, ...speakers: Speaker[]): void {
  for (const speaker of speakers) {
    const clean = {
      resets: 0,
      notifications: 0,
      duplicates: 0,
      unknownWithdraws: 0,
      malformed: 0,
      refreshes: 0,
    };
    t.like(speaker.stats(), { ...clean, returned: 0, state: 'Established' });
  }
}

test.serial('a file that is the same changes nothing', async (t) => {
  const box = await three(t);
  const before = [box.a, box.b, box.w].map((speaker) => speaker.stats().updates);
  const report = await box.with({ neighbors: [A, B, W] });
  t.deepEqual(report, {
    dryRun: false,
    added: [],
    removed: [],
    changed: [],
    reset: [],
    restartNeeded: [],
    changes: [],
  });
  await box.w.quiet(100);
  t.deepEqual(
    [box.a, box.b, box.w].map((speaker) => speaker.stats().updates),
    before,
  );
  unharmed(t, box.a, box.b, box.w);
});

test.serial('another import rule is applied to what was told already, and back', async (t) => {
  const box = await three(t);
  const before = box.w.table().v4;
  const report = await box.with({ neighbors: [{ ...A, import: 'reject' }, B, W] });
  t.like(report, { changed: [A.address], reset: [], added: [], removed: [] });
  t.like(report.changes[0], { neighbor: A.address, key: 'import', from: 'accept', to: 'reject' });
  // Each on a blade of its own, and heard of in a process that has other things to do, too.
  await until('who has the best routes hears of none', () => box.b.stats().routes4 === 0);
  await until('who has none hears of all', () => box.a.stats().routes4 === ROUTES);
  await settled(box, [A, B]);
  await until('the witness has B’s', () => compareTold(box.w.table().v4, before).differing > 0);
  t.is(box.w.stats().routes4, ROUTES, 'nothing is missing on the way');
  t.like(await box.operator.showSession(A.address), { routesReceived: ROUTES, routesAdvertised: ROUTES });
  await box.with({ neighbors: [A, B, W] });
  await until('both count', () => compareTold(box.w.table().v4, before).differing === 0);
  await settled(box, [A, B]);
  t.deepEqual(compareTold(box.w.table().v4, before), SAME);
  unharmed(t, box.a, box.b, box.w);
});

test.serial('another export rule is applied to what was told already, and back', async (t) => {
  const box = await three(t);
  const before = box.w.table().v4;
  await box.with({ neighbors: [A, B, { ...W, export: 'reject' }] });
  await until('all is withdrawn', () => box.w.stats().routes4 === 0);
  const report = await box.with({ neighbors: [A, B, { ...W, 'next-hop-ipv4': '192.0.2.77' }] });
  t.deepEqual(report.changes.map(({ key }) => key).sort(), ['export', 'next-hop-ipv4']);
  await until('all is told', () => box.w.stats().routes4 === ROUTES);
  const { announced } = box.w.stats();
  await box.with({ neighbors: [A, B, W] });
  await until('all is told otherwise', () => box.w.stats().announced === announced + ROUTES);
  await box.w.quiet(100);
  t.deepEqual(compareTold(box.w.table().v4, before), SAME);
  unharmed(t, box.a, box.b, box.w);
});

test.serial('neighbours come and go, and the others do not notice', async (t) => {
  const box = await three(t);
  const own = feedFor(generateTable({ seed: 42, ipv4: 300, ipv6: 0 }), {
    neighborAs: X.as,
    nextHop: X.address,
    seed: 1,
  });
  const stranger = await RawNeighbour.dial(box.port, X.address);
  await stranger.end();
  const listener = await RawListener.at('127.10.0.5');
  t.teardown(() => listener.close());
  const dialled = { address: '127.10.0.5', as: 64505, passive: false, port: listener.port };
  const { routes4 } = box.w.stats();
  for (let round = 0; round < 3; round++) {
    const report = await box.with({ neighbors: [A, W, X, dialled] });
    t.deepEqual(report.added, [X.address, dialled.address]);
    t.deepEqual(report.removed, [B.address]);
    const x = await box.speaker(X.address, X.as, { retry: 0 });
    await x.up();
    await x.send(own);
    const call = await listener.call();
    await call.establish({ as: dialled.as });
    await until('X is heard, and B is not', () => box.w.stats().routes4 > routes4);
    await until('B is told why', () => box.b.stats().lastNotification === '6/3'); // RFC 4486: de-configured
    await t.throwsAsync(box.operator.showSession(B.address), { message: /no neighbour/ });
    t.is((await box.operator.showSessions()).length, 4);
    t.deepEqual((await box.with({ neighbors: [A, B, W] })).removed, [X.address, dialled.address]);
    t.deepEqual(await call.notification(), [6, 3]);
    call.close();
    await x.close();
    await box.b.up();
    await until('all is as before', () => box.w.stats().routes4 === routes4);
    await until(
      'B has sent all',
      async () => (await box.operator.showSession(B.address)).routesReceived === ROUTES,
    );
  }
  await box.w.quiet(100);
  unharmed(t, box.a, box.w);
  t.deepEqual(box.chassis.troubles, []);
});

test.serial('what OPEN messages say is changed by a reset, and only there', async (t) => {
  const box = await three(t);
  const report = await box.with({ neighbors: [A, { ...B, as: 64999 }, { ...W, 'hold-time': 30 }] });
  t.like(report, { reset: [B.address], changed: [W.address] });
  await until('B is told why', () => box.b.stats().lastNotification === '6/6');
  unharmed(t, box.a, box.w);
  t.like(await box.operator.showSession(W.address), { holdTime: 90, holdTimeConfigured: 30 });
  t.regex(report.changes.find(({ key }) => key === 'hold-time')?.effect ?? '', /next session/);
  await box.w.close();
  await until('W is down', async () => (await box.operator.showSession(W.address)).state !== 'Established');
  const again = await RawNeighbour.dial(box.port, W.address);
  const message = (await again.next(MessageType.Open)) as Uint8Array;
  const open = decodeOpen(message, HEADER_LENGTH, message.length);
  t.is(isFailure(open) ? 0 : open.holdTime, 30);
  again.close();
});

test.serial('a file with mistakes changes nothing, and every mistake is said', async (t) => {
  const box = await three(t);
  box.write({
    neighbors: [
      { ...A, import: 'rejct', 'hold-time': 2 },
      { ...B, as: 0 },
    ],
  });
  const error = await t.throwsAsync(box.operator.reload({ dryRun: false }), { instanceOf: OperationError });
  t.is((error as OperationError).code, 2);
  for (const says of [/nothing was changed/, /no policy "rejct"/, /hold-time/, /neighbors\[1\]\.as/])
    t.regex(error?.message ?? '', says);
  t.is((await box.operator.showSessions()).length, 3);
  await box.w.quiet(100);
  unharmed(t, box.a, box.b, box.w);
});

test.serial('a dry run says what would be done, and does nothing', async (t) => {
  const box = await three(t);
  box.write({ neighbors: [{ ...A, import: 'reject' }, W, X] });
  const report = await box.operator.reload({ dryRun: true });
  t.like(report, { dryRun: true, added: [X.address], removed: [B.address], changed: [A.address] });
  await box.w.quiet(100);
  t.is((await box.operator.showSessions()).length, 3);
  unharmed(t, box.a, box.b, box.w);
});

test.serial('keys of the box that need a new start are named, until they are as before', async (t) => {
  const box = await three(t);
  const change = (text: string): string =>
    text.replace('"blades":2', '"blades":3,"allow-faults":true').replace('"as":65000', '"as":65001');
  for (let again = 0; again < 2; again++) {
    const report = await box.with({ neighbors: [A, B, W] }, change);
    t.deepEqual(report.restartNeeded.sort(), ['chassis.blades', 'router.as']);
    t.is(
      report.changes.some(({ key }) => key === 'chassis.allow-faults'),
      again === 0,
    );
  }
  t.true(box.chassis.configuration.chassis.allowFaults);
  t.deepEqual((await box.with({ neighbors: [A, B, W] })).restartNeeded, []);
  unharmed(t, box.a, box.b, box.w);
});

test.serial('more neighbours than there is room for are refused as a whole', async (t) => {
  const box = await start(t, { neighbors: [A], limits: { sessions: 40 } });
  const many = Array.from({ length: 80 }, (_, i) => ({ address: `127.10.1.${i + 1}`, as: 64600 }));
  await t.throwsAsync(box.with({ neighbors: [A, ...many] }), {
    message: /room for 61 more.*nothing was changed/,
  });
  t.is((await box.operator.showSessions()).length, 1);
  await box.with({ neighbors: [A, ...many.slice(0, 61)] });
  t.is((await box.operator.showSessions()).length, 62);
  await box.with({ neighbors: [A, ...many.slice(0, 10)] });
  await t.throwsAsync(box.with({ neighbors: [A, ...many] }), { message: /room for 0 more/ });
});

test.serial('a reload in the middle of grafts ends with the same tables as without them', async (t) => {
  const box = await three(t);
  const before = box.w.table().v4;
  let reloading = true;
  const random = new Random(7);
  const storm = (async () => {
    while (reloading) {
      for (const { address } of [A, B, W]) {
        try {
          await box.operator.graft(address, random.below(2));
        } catch (error) {
          if (!(error instanceof GraftUndone)) throw error;
        }
      }
    }
  })();
  for (let round = 0; round < 6; round++) {
    await box.with({ neighbors: [{ ...A, import: 'reject' }, B, { ...W, export: 'reject' }] });
    await sleep(random.below(60));
    await box.with({ neighbors: [A, { ...B, import: 'reject' }, W] });
    await sleep(random.below(60));
  }
  await box.with({ neighbors: [A, B, W] });
  reloading = false;
  await storm;
  await until('the table is as before', () => {
    const { onlyA, onlyB, differing } = compareTold(box.w.table().v4, before);
    return onlyA + onlyB + differing === 0;
  });
  await box.w.quiet(100);
  t.deepEqual(compareTold(box.w.table().v4, before), SAME);
  unharmed(t, box.a, box.b, box.w);
});

test.serial('SIGHUP reloads, and says in the log what it did', async (t) => {
  const program = await Program.run(t, { neighbors: [A, B] });
  const files = { port: program.port, control: program.control, state: program.state };
  const write = (options: BoxOptions): void =>
    writeFileSync(path.join(program.folder, 'graftd.yaml'), configurationText(options, files));
  write({ neighbors: [{ ...A, import: 'reject' }, X] });
  program.child.kill('SIGHUP');
  await until('it reloaded', () => /reload: 127\.10\.0\.4 added/.test(program.errors));
  t.regex(program.errors, /127\.10\.0\.1 import: accept → reject, at once/);
  t.regex(program.errors, /127\.10\.0\.2 removed/);
  writeFileSync(path.join(program.folder, 'graftd.yaml'), 'router: {as: 0}\n');
  program.child.kill('SIGHUP');
  await until('it complains', () => /router\.id: is missing/.test(program.errors));
  t.regex(program.errors, /router\.as: must not be 0/);
  const { status, stderr } = await program.words('reload');
  t.is(status, 2);
  t.regex(stderr, /graftd\.yaml:1:\d+: router\.as/);
  write({ neighbors: [A, X] });
  t.regex(
    (await program.words('reload', '--dry-run')).stdout,
    /a reload would do this.*127\.10\.0\.1 +import +reject +accept/s,
  );
  t.is((await program.words('reload')).status, 0);
  t.is((await program.words('reload')).stdout, 'nothing changed\n');
  t.is((await program.end('SIGTERM')).status, 0);
});
