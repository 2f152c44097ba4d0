/** A chassis and its neighbours for a benchmark: the chassis in this process, the speakers in a thread of their own. */
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type RunningChassis, startChassis } from '../../src/chassis/run.ts';
import { parseConfiguration } from '../../src/config/parse.ts';
import { type RemoteSpeaker, SpeakerThread } from '../../src/lab/thread.ts';

export interface Box {
  readonly running: RunningChassis;
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  readonly speakers: RemoteSpeaker[];
  close(): Promise<void>;
}

/**
 * Neighbour i is 127.0.3.i+1 in AS 64501+i and calls the chassis. The first ones are speakers in a thread; `others` come
 * behind them, and are the caller's to play.
 */
export async function openBox(
  blades: number,
  neighbors: number,
  others: readonly { readonly export: 'accept' | 'reject' }[] = [],
): Promise<Box> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'graftd-bench-'));
  const lines = Array.from(
    { length: neighbors + others.length },
    (_, i) =>
      `  - { address: ${neighborAddress(i)}, as: ${64501 + i}, passive: true, import: accept, export: ${others[i - neighbors]?.export ?? 'accept'}, blade: ${i % blades} }`,
  );
  const port = await freePort();
  const text = `
router: { as: 65000, id: 192.0.2.1, listen: ['127.0.0.1:${port}'] }
chassis: { blades: ${blades}, control: ${folder}/control.sock, state: ${folder}/state.db }
neighbors:
${lines.join('\n')}
`;
  const { configuration, mistakes } = parseConfiguration(text, 'bench.yaml');
  if (configuration === undefined) throw new Error(mistakes.map(({ message }) => message).join('; '));
  const running = await startChassis(configuration, 'bench.yaml', { quiet: true });
  const thread = new SpeakerThread();
  const speakers: RemoteSpeaker[] = [];
  for (let i = 0; i < neighbors; i++) {
    const address = neighborAddress(i);
    speakers.push(
      await thread.add({
        localAs: 64501 + i,
        routerId: `10.0.0.${i + 1}`,
        localAddress: address,
        connect: { host: '127.0.0.1', port },
      }),
    );
  }
  for (const speaker of speakers) await speaker.up();
  return {
    running,
    port,
    speakers,
    async close() {
      for (const speaker of speakers) await speaker.close();
      await thread.close();
      await running.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function neighborAddress(index: number): string {
  return `127.0.3.${index + 1}`;
}

/** A port that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
