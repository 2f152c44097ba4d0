/** What is configured while no blade runs is done by the next one that does. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Cease, NotificationCode } from '../../src/bgp/errors.ts';
import { type Box, type BoxOptions, configurationText, startBox, until } from './support/box.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';

const THERE = { address: '127.86.0.1', as: 64501 };
const COMES = { address: '127.86.0.2', as: 64502 };
/** So many in a row: the next blade is started after some tenths of a second only. */
const CRASHES = 4;

/** A box whose only blade is dead, and whose file says something else than what is in force. */
async function deadBox(
  t: ExecutionContext,
  neighbors: BoxOptions['neighbors'],
): Promise<[Box, RawNeighbour]> {
  const chassis = { 'allow-faults': true, control: './c.sock', state: './graftd.db' };
  const options: BoxOptions = { blades: 1, neighbors: [THERE], chassis };
  const box = await startBox(t, options);
  const [blade] = box.chassis.blades;
  const there = await RawNeighbour.served(box.port, THERE.address, { as: THERE.as });
  t.teardown(() => there.close());
  await until(
    'it is up',
    async () => (await box.operator.showSession(THERE.address)).state === 'Established',
  );
  const text = configurationText({ ...options, neighbors }, { port: box.port, control: '', state: '' });
  writeFileSync(path.join(box.folder, 'graftd.yaml'), text);
  for (let crashes = 0; crashes < CRASHES; crashes++) {
    await until('it runs', () => blade?.running);
    await box.operator.fault(0, 'crash');
    await until('it is dead', () => blade?.deaths === crashes + 1);
  }
  return [box, there];
}

test('a neighbour that is added while the only blade is dead is served by the next one', async (t) => {
  const [box] = await deadBox(t, [THERE, COMES]);
  const { added } = await box.operator.reload({ dryRun: false });
  t.deepEqual(added, [COMES.address]);
  const comes = await RawNeighbour.served(box.port, COMES.address, { as: COMES.as });
  t.teardown(() => comes.close());
  await until(
    'it is up',
    async () => (await box.operator.showSession(COMES.address)).state === 'Established',
  );
});

test('a session that has to start anew by a change does so when there is a blade again', async (t) => {
  const [box, there] = await deadBox(t, [{ ...THERE, families: ['ipv4-unicast', 'ipv6-unicast'] }]);
  const { reset } = await box.operator.reload({ dryRun: false });
  t.deepEqual(reset, [THERE.address]);
  t.deepEqual(await there.notification(), [NotificationCode.Cease, Cease.OtherConfigurationChange]);
});

test('who waits for a blade waits no longer than the chassis goes on', async (t) => {
  const [box] = await deadBox(t, [THERE]);
  const cleared = box.operator.clear(THERE.address).catch(({ message }) => message);
  await box.stop();
  t.regex((await cleared) ?? 'the chassis is stopping', /^the chassis is stopping$/);
});
