/** Entry of the router's process (box.ts is the handle): a chassis until the demonstration lets go of it. */
import { readFileSync } from 'node:fs';
import { startChassis } from '../../../chassis/run.ts';
import { formatMistake, parseConfiguration } from '../../../config/parse.ts';
import type { FromBox } from './box.ts';

const file = process.argv[2] as string;
const ended = new Promise<void>((resolve) => {
  process.once('disconnect', resolve);
  process.once('SIGTERM', resolve);
  // It may have let go before there was anybody to hear it.
  if (!process.connected) resolve();
});

function tell(message: FromBox): void {
  if (process.connected) process.send?.(message);
}

async function run(): Promise<void> {
  const parsed = parseConfiguration(readFileSync(file, 'utf8'), file);
  if (parsed.configuration === undefined)
    throw new Error(parsed.mistakes.map((mistake) => formatMistake(file, mistake)).join('; '));
  const running = await startChassis(parsed.configuration, file);
  tell({ kind: 'ready' });
  const broken = running.chassis.broken.then(() => 'broken' as const);
  const why = await Promise.race([ended, broken]);
  await running.stop();
  // Nobody listens to words any more; that it ends is noticed.
  if (why !== 'broken') return;
  process.stderr.write('it cannot go on\n');
  process.exit(1);
}

try {
  await run();
  process.exit(0);
} catch (error) {
  tell({ kind: 'failed', why: error instanceof Error ? error.message : String(error) });
  if (process.connected) await ended;
  process.exit(1);
}
