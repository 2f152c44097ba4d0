/** Policies in TypeScript in a real chassis: in force on both sides, reloaded, previewed, and whatever is wrong in them. */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type { RouteRow } from '../../src/chassis/operations.ts';
import { feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { configurationText, startBox, temporaryFolder, until } from './support/box.ts';

const A = { address: '127.48.0.1', as: 64501 };
const W = { address: '127.48.0.2', as: 64502 };
const ROUTES = 2000;
const feed = feedFor(generateTable({ seed: 7, ipv4: ROUTES, ipv6: 0 }), {
  neighborAs: A.as,
  nextHop: A.address,
  seed: 1,
});

const source = (body: string): string => `
import type { Policy } from 'graftd/policy';
export const take: Policy = (route) => { ${body} };
export const tell: Policy = (route) => (route.localPref > 150 ? { med: 7, reason: 'ours' } : 'reject');
`;
const LONG = "return route.length === 24 ? { localPref: 200 } : 'accept';";
const SHORT = "return route.length < 24 ? { localPref: 300, reason: 'short' } : 'reject';";
const ENDLESS = 'if (route.length === 24) for (;;); return { localPref: 200 };';

test.serial('policies in TypeScript decide, are reloaded, and reject what they fail on', async (t) => {
  const folder = temporaryFolder(t);
  const code = path.join(folder, 'p.ts');
  writeFileSync(code, source(LONG));
  const neighbors = [
    { ...A, import: `${code}#take`, export: 'reject' },
    { ...W, import: 'reject', export: `${code}#tell` },
  ];
  const box = await startBox(t, { neighbors });
  const [a, w] = await Promise.all([box.speaker(A.address, A.as), box.speaker(W.address, W.as)]);
  await Promise.all([a.up(), w.up()]);
  await a.send(feed);
  const rows = async (): Promise<RouteRow[]> => {
    const found: RouteRow[] = [];
    for await (const batch of box.operator.showReceived(A.address, {})) found.push(...batch);
    return found;
  };
  await until('all came', async () => (await rows()).length === ROUTES);
  const lengths = (await rows()).map(({ prefix }) => Number(prefix.split('/')[1]));
  const long = lengths.filter((length) => length === 24).length;
  const short = lengths.filter((length) => length < 24).length;
  t.true(long > 100 && short > 100);
  await until('the witness has what both let through', () => w.stats().routes4 === long);

  // Reloaded, with grafts on the way.
  const files = {
    port: box.port,
    control: path.join(box.folder, 'c.sock'),
    state: path.join(box.folder, 'graftd.db'),
  };
  const file = path.join(box.folder, 'graftd.yaml');
  writeFileSync(file, configurationText({ neighbors }, files));
  writeFileSync(code, source(SHORT));
  const { neighbors: previewed } = await box.operator.previewPolicies(file);
  t.like(previewed[0], { neighbor: A.address, direction: 'import', removed: ROUTES - short, changed: short });
  const reload = () => box.operator.reload({ dryRun: false });
  t.like(await reload(), { changed: [A.address, W.address], reset: [] });
  for (const { address } of [A, W, A, W]) {
    const home = box.chassis.fabric.homeOf(box.entry(address).index);
    await box.operator.graft(address, 1 - home);
  }
  await until('the witness has what the new one lets through', () => w.stats().routes4 === short);
  const why: RouteRow[] = [];
  const [known] = (await rows()).filter(({ prefix }) => Number(prefix.split('/')[1]) < 24);
  for await (const batch of box.operator.showRoutes({ prefix: known!.prefix, why: true })) why.push(...batch);
  t.is(why[0]?.import, `accepted by ${code}#take (short)`);
  t.is(
    why[0]?.exports?.find(({ neighbor }) => neighbor === W.address)?.why,
    `accepted by ${code}#tell (ours)`,
  );

  // What is wrong in the file, or is not there, leaves the router as it was.
  writeFileSync(code, source('return (;'));
  await t.throwsAsync(reload(), { message: /p\.ts:3:\d+: / });
  rmSync(code);
  await t.throwsAsync(reload(), { message: /cannot read .*p\.ts/ });
  t.is(w.stats().routes4, short);

  // A loop without an end costs the routes that it is run for, and nothing else.
  writeFileSync(code, source(ENDLESS));
  await reload();
  await until('the witness has the rest', () => w.stats().routes4 === ROUTES - long);
  const faults = async (): Promise<number> =>
    (await box.operator.showSession(A.address)).limits?.policyFaults ?? 0;
  t.true((await faults()) >= long, `${await faults()}`);
  for (const speaker of [a, w])
    t.like(speaker.stats(), { resets: 0, notifications: 0, duplicates: 0, unknownWithdraws: 0 });
});
