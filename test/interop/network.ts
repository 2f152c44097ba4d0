/**
 * Where the routers of one test live. Two kinds, both without a packet leaving the machine:
 *
 * - a *namespace*: a network namespace of its own whose loopback holds 10.77.0.0/16 and some IPv6
 *   addresses. Several tests run side by side with the same addresses, and next hops look like real ones:
 *   GoBGP before 3.19 treats a route with a next hop in 127/8 as withdrawn. Processes enter it by nsenter;
 *   the test itself stays outside and talks to them over Unix sockets, which do not care.
 * - *loopback*: addresses of 127/8, chosen by process id so that tests do not meet. For machines where
 *   namespaces are not allowed, and for tests that speak BGP from their own process.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export interface Endpoint {
  address: string;
  port: number;
}

export interface Network {
  readonly kind: 'namespace' | 'loopback';
  /** Put before a command, this makes it run inside. */
  readonly prefix: readonly string[];
  /** A folder for configurations, sockets and logs; it goes away with the network. */
  readonly folder: string;
  /** Where host number `host` (1 … 30) can listen, over IPv4 or over IPv6. */
  endpoint(host: number, transport?: 4 | 6): Endpoint;
  close(): void;
}

const HOSTS = 30;
const BGP_PORT = 1790;

const folders = new Set<string>();
process.on('exit', () => folders.forEach(removeFolder));

let loopbacks = 0;

function temporaryFolder(): string {
  // Unix socket paths are limited to 107 bytes: keep it short.
  const folder = mkdtempSync(path.join(os.tmpdir(), 'interop-'));
  folders.add(folder);
  return folder;
}

function removeFolder(folder: string): void {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true });
}

export function loopbackNetwork(): Network {
  const folder = temporaryFolder();
  // Those that one process has at a time do not meet either: eight fit into a block, and their ports are not the next process's.
  const turn = loopbacks++ % 8;
  const first = (HOSTS + 2) * turn;
  const block = `127.${1 + ((process.pid >> 8) % 254)}.${process.pid & 255}`;
  const firstPort = 10_000 + (((process.pid + 79 * turn) * (HOSTS + 2)) % 20_000);
  return {
    kind: 'loopback',
    prefix: [],
    folder,
    // There is one IPv6 loopback address, so hosts differ in their ports.
    endpoint: (host, transport = 4) => ({
      address: transport === 4 ? `${block}.${first + host}` : '::1',
      port: firstPort + host,
    }),
    close: () => removeFolder(folder),
  };
}

const addressOf = (host: number, transport: 4 | 6) =>
  transport === 4 ? `10.77.0.${host}` : `2001:db8::${host.toString(16)}`;

const SET_UP = [
  'ip link set lo up',
  'ip addr add 10.77.0.0/16 dev lo',
  ...Array.from({ length: HOSTS }, (_, i) => `ip -6 addr add ${addressOf(i + 1, 6)}/128 dev lo nodad`),
].join(' && ');

/** How to make and enter a namespace here: as root, else in a user namespace of our own, else not at all. */
function namespaceTools(): { make: string[]; enter: string[] } | undefined {
  const candidates = [
    { make: ['unshare', '--net'], enter: [] },
    { make: ['unshare', '--user', '--map-root-user', '--net'], enter: ['-U', '--preserve-credentials'] },
  ];
  return candidates.find(({ make: [program, ...args] }) => {
    return spawnSync(program as string, [...args, 'sh', '-c', SET_UP]).status === 0;
  });
}

let tools: ReturnType<typeof namespaceTools> | null = null;

/** Undefined where the machine does not allow namespaces (or has no unshare, nsenter, ip). */
export async function namespaceNetwork(): Promise<Network | undefined> {
  if (tools === null) tools = namespaceTools();
  if (tools === undefined) return undefined;
  const [program, ...args] = tools.make as [string, ...string[]];
  // The holder keeps the namespace until its standard input closes, which also happens when we die.
  const holder = spawn(program, [...args, 'sh', '-c', `${SET_UP} && echo ready && exec cat >/dev/null`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await ready(holder);
  const folder = temporaryFolder();
  return {
    kind: 'namespace',
    prefix: ['nsenter', '-t', String(holder.pid), '-n', ...tools.enter, '--'],
    folder,
    endpoint: (host, transport = 4) => ({ address: addressOf(host, transport), port: BGP_PORT }),
    close: () => {
      holder.kill('SIGKILL');
      removeFolder(folder);
    },
  };
}

function ready(holder: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    holder.stdout?.once('data', () => resolve());
    holder.once('error', reject);
    holder.once('exit', (code) => reject(new Error(`could not make a network namespace (exit ${code})`)));
  });
}

/** A namespace where that is possible, loopback otherwise, or where GRAFTD_TEST_NETWORK=loopback asks for it. */
export async function openNetwork(): Promise<Network> {
  const wanted = process.env.GRAFTD_TEST_NETWORK !== 'loopback';
  return (wanted ? await namespaceNetwork() : undefined) ?? loopbackNetwork();
}
