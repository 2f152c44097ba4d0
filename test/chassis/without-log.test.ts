/** A router whose log cannot be written, as its disk is full or whoever read it is gone, is a router still. */
import { closeSync, existsSync, openSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { freePort, temporaryFolder, until } from './support/box.ts';
import { Program } from './support/program.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';

const A = { address: '127.24.0.1', as: 64501 };
const FULL = '/dev/full';

async function goesOn(t: ExecutionContext, program: Program): Promise<void> {
  const neighbour = await RawNeighbour.served(program.port, A.address, { as: A.as });
  program.child.kill('SIGHUP');
  // A stranger is worth a line, too.
  const stranger = await RawNeighbour.dial(program.port, '127.24.0.9');
  await until('the stranger is refused', () => stranger.ended);
  t.like(await program.call('show session', { neighbor: A.address }), { state: 'Established' });
  const { status } = await program.end('SIGTERM');
  t.is(status, 0);
  t.deepEqual(await neighbour.notification(), [6, 2]);
}

test('where the disk of its log is full, its sessions stay', async (t) => {
  if (!existsSync(FULL)) {
    t.log(`${FULL} is missing`);
    t.pass();
    return;
  }
  const log = openSync(FULL, 'w');
  t.teardown(() => closeSync(log));
  const program = Program.start(
    t,
    { folder: temporaryFolder(t), port: await freePort(), log },
    { neighbors: [A] },
  );
  await program.ready();
  await goesOn(t, program);
});

test('where nobody reads its log any more, its sessions stay', async (t) => {
  const program = await Program.run(t, { neighbors: [A] });
  program.child.stdout?.destroy();
  program.child.stderr?.destroy();
  await goesOn(t, program);
});
