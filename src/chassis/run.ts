/** `chassis run`: a chassis from a configuration file, its control socket, and the signals that end it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Configuration } from '../config/configuration.ts';
import { formatMistake } from '../config/parse.ts';
import { Chassis } from './chassis.ts';
import { chassisAnswers } from './control/answers.ts';
import { ControlServer } from './control/server.ts';
import { log, outliveLog } from './log.ts';
import { OperationError } from './operations.ts';
import { Operator } from './operator.ts';
import { readConfiguration } from './read.ts';

export interface RunningChassis {
  readonly chassis: Chassis;
  readonly operator: Operator;
  readonly control: ControlServer;
  stop(): Promise<void>;
}

/** Starts a chassis with its control socket; rejects with an OperationError that says what is wrong. */
export async function startChassis(
  configuration: Configuration,
  file: string,
  options: { quiet?: boolean } = {},
): Promise<RunningChassis> {
  const chassis = new Chassis(configuration, options);
  const operator = new Operator(chassis, file, version());
  const control = new ControlServer(configuration.chassis.control, chassisAnswers(operator), { onBug: log });
  await control.listen();
  try {
    await chassis.start();
  } catch (error) {
    await control.close();
    await chassis.stop();
    throw error;
  }
  return {
    chassis,
    operator,
    control,
    async stop() {
      await control.close();
      await chassis.stop();
    },
  };
}

/** Runs what stands in a file until SIGTERM or SIGINT; resolves to the exit status: 2 where it has mistakes, 1 where it cannot go on. */
export async function runChassis(file: string, text: string): Promise<number> {
  const parsed = await readConfiguration(text, file);
  if (parsed.configuration === undefined) {
    for (const mistake of parsed.mistakes) process.stderr.write(`${formatMistake(file, mistake)}\n`);
    return 2;
  }
  const { configuration } = parsed;
  outliveLog();
  const ended = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
  // A SIGHUP before it runs is no reason to end.
  const early = (): void => log('SIGHUP: still starting');
  process.on('SIGHUP', early);
  const running = await startChassis(configuration, path.resolve(file));
  const { chassis } = running;
  process.off('SIGHUP', early).on('SIGHUP', () => void onHangUp(running));
  const listening = chassis.cards.flatMap((card) =>
    card.listening.map(({ address, port }) => `${address}:${port}`),
  );
  process.stdout.write(
    `ready: AS ${configuration.router.as}, ${counted(chassis.blades.length, 'blade')}, ` +
      `${counted(chassis.sessions.length, 'neighbour')}, ` +
      `listening on ${listening.join(', ') || 'nothing'}, control ${configuration.chassis.control}\n`,
  );
  const signal = await Promise.race([ended, chassis.broken]);
  process.removeAllListeners('SIGHUP').on('SIGHUP', () => {});
  log(`${signal ?? 'it cannot go on'}: stopping`);
  await running.stop();
  return signal === undefined ? 1 : 0;
}

async function onHangUp({ operator, control }: RunningChassis): Promise<void> {
  try {
    if (await control.reopen()) log(`the control socket ${control.path} was gone, and is there again`);
  } catch (error) {
    log((error as Error).message);
  }
  await reloadAndLog(operator);
}

/** What `chassis reload` answers, a line each; an error of ours is logged as one of any command is, and ends nothing. */
export async function reloadAndLog(operator: Pick<Operator, 'reload'>): Promise<void> {
  try {
    const { added, removed, changes } = await operator.reload({ dryRun: false });
    for (const address of removed) log(`reload: ${address} removed`);
    for (const { neighbor, key, from, to, effect } of changes)
      log(`reload: ${neighbor === undefined ? '' : `${neighbor} `}${key}: ${from} → ${to}, ${effect}`);
    for (const address of added) log(`reload: ${address} added`);
    if (added.length + removed.length + changes.length === 0) log('reload: nothing changed');
  } catch (error) {
    const { message, stack = message } = error as Error;
    for (const line of (error instanceof OperationError ? message : stack).split('\n'))
      log(`reload: ${line}`);
  }
}

function counted(count: number, one: string): string {
  return `${count} ${count === 1 ? one : `${one}s`}`;
}

/** Of the package that this file is part of, built or not. */
export function version(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const { version: found } = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as {
        version: string;
      };
      return found;
    } catch {
      // not here: compiled files stand one folder deeper
    }
  }
  throw new OperationError('package.json is missing');
}
