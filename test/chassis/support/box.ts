/** A real chassis in this process: line card and blades in threads of their own, on a free port of loopback. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Chassis, SessionEntry } from '../../../src/chassis/chassis.ts';
import type { Operator } from '../../../src/chassis/operator.ts';
import { startChassis } from '../../../src/chassis/run.ts';
import { parseConfiguration } from '../../../src/config/parse.ts';
import { CARD_NUMBER } from '../../../src/fabric/layout.ts';
import { Speaker, type SpeakerOptions } from '../../../src/lab/speaker.ts';

export const ROUTER_AS = 65000;
export const ROUTER_ID = '192.0.2.100';
export const HOST = '127.0.0.1';

export interface BoxOptions {
  readonly blades?: number;
  readonly lineCards?: number;
  readonly restartWait?: number;
  readonly limits?: Readonly<Record<string, number>>;
  /** Other keys of the router section. */
  readonly router?: Readonly<Record<string, unknown>>;
  /** Other keys of the chassis section. */
  readonly chassis?: Readonly<Record<string, unknown>>;
  /** Other sections. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** Lines of the configuration for each neighbour, with its address and AS first. */
  readonly neighbors: readonly (NeighborLines | LearntLines)[];
}

export interface NeighborLines {
  readonly address: string;
  readonly as: number;
  /** Any other key of the configuration file. */
  readonly [key: string]: unknown;
}

/** Who says its AS itself. */
export interface LearntLines extends Omit<NeighborLines, 'as'> {
  readonly as: 'external';
}

export interface Box {
  readonly chassis: Chassis;
  readonly operator: Operator;
  readonly port: number;
  readonly folder: string;
  stop(): Promise<void>;
  entry(address: string): SessionEntry;
  /** A speaker that dials the chassis from this address, and is closed when the test is over. */
  speaker(address: string, as: number, options?: Partial<SpeakerOptions>): Promise<Speaker>;
  cardCount(which: keyof typeof CARD_NUMBER): number;
}

/** The configuration file of a box: neighbours accept and are told everything, and are waited for. */
export function configurationText(
  options: BoxOptions,
  files: { port: number; control: string; state: string },
): string {
  const neighbors = options.neighbors.map((given) => ({
    passive: true,
    import: 'accept',
    export: 'accept',
    ...given,
  }));
  return JSON.stringify({
    router: { as: ROUTER_AS, id: ROUTER_ID, listen: [`${HOST}:${files.port}`], ...options.router },
    chassis: {
      blades: options.blades ?? 2,
      rehearse: false,
      'line-cards': options.lineCards ?? 1,
      'restart-wait': options.restartWait ?? 60,
      control: files.control,
      state: files.state,
      ...options.chassis,
      limits: {
        'ipv4-prefixes': 1 << 17,
        'ipv6-prefixes': 1 << 15,
        'attribute-sets': 1 << 17,
        ...options.limits,
      },
    },
    neighbors,
    ...options.more,
  });
}

/** Starts a chassis; it is stopped when the test is over. */
export async function startBox(t: ExecutionContext, options: BoxOptions): Promise<Box> {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const files = { port, control: path.join(folder, 'c.sock'), state: path.join(folder, 'graftd.db') };
  const parsed = parseConfiguration(configurationText(options, files), path.join(folder, 'graftd.yaml'));
  if (parsed.configuration === undefined) throw new Error(JSON.stringify(parsed.mistakes));
  const running = await startChassis(parsed.configuration, path.join(folder, 'graftd.yaml'), { quiet: true });
  const { chassis, operator } = running;
  let stopped: Promise<void> | undefined;
  const speakers: Speaker[] = [];
  const stop = (): Promise<void> => {
    stopped ??= running.stop();
    return stopped;
  };
  t.teardown(async () => {
    await Promise.all(speakers.map((speaker) => speaker.close()));
    await stop();
  });
  return {
    chassis,
    operator,
    port,
    folder,
    stop,
    entry: (address) => chassis.entry(address),
    async speaker(address, as, more = {}) {
      const speaker = new Speaker({
        localAs: as,
        remoteAs: ROUTER_AS,
        routerId: address.includes(':') ? '192.0.2.66' : address,
        localAddress: address,
        connect: { host: HOST, port },
        ...more,
      });
      speakers.push(speaker);
      await speaker.start();
      return speaker;
    },
    cardCount: (which) =>
      chassis.cards.reduce(
        (sum, { card }) =>
          sum + (chassis.fabric.cardNumbers[card * CARD_NUMBER.words + CARD_NUMBER[which]] ?? 0),
        0,
      ),
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export function temporaryFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'graftd-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Looks until it is so; what is waited for stands in the error. */
export async function until(what: string, so: () => unknown, milliseconds = 30_000): Promise<void> {
  const deadline = performance.now() + milliseconds;
  while (!(await so())) {
    if (performance.now() > deadline) throw new Error(`not within ${milliseconds} ms: ${what}`);
    await sleep(10);
  }
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
