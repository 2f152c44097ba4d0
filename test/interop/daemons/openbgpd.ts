/**
 * OpenBGPD, portable version. It wants root and a user of its own, because each of its processes locks
 * itself into that user's home. Its `network` statements cannot set an AS_PATH, so it originates routes of
 * its own AS only.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { assert } from '../../../src/base/assert.ts';
import { type Announcement, canonicalAddress, canonicalPrefix, type Family, type Route } from '../routes.ts';
import {
  type Daemon,
  type DaemonKind,
  type DaemonOptions,
  findProgram,
  type NeighborOptions,
  routerId,
  type SessionView,
  transportOf,
} from './daemon.ts';
import { Running } from './running.ts';

const run = promisify(execFile);

/** FRR installs a "bgpd" too, but keeps it out of the path. */
const DAEMON = ['openbgpd', 'bgpd'];

/** The home of OpenBGPD's user, where its processes chroot. */
function home(): string | undefined {
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  return users.find((line) => /^_(openbgpd|bgpd):/.test(line))?.split(':')[5];
}

function attributeWords({ asPath = [], med, communities = [] }: Announcement): string[] {
  assert(asPath.length === 0, 'OpenBGPD originates only routes of its own AS');
  const words = med === undefined ? [] : [`med ${med}`];
  for (const text of communities)
    words.push(`${text.split(':').length === 3 ? 'large-community' : 'community'} ${text}`);
  return words;
}

function neighborLines(neighbor: NeighborOptions, options: DaemonOptions): string[] {
  const { address } = options.network.endpoint(options.host, transportOf(neighbor));
  return [
    `neighbor ${neighbor.address}${neighbor.interface === undefined ? '' : `%${neighbor.interface}`} {`,
    `  remote-as ${neighbor.as}`,
    `  port ${neighbor.port}`,
    `  local-address ${address}`,
    ...(neighbor.near ? ['  ttl-security yes'] : neighbor.as === options.as ? [] : ['  multihop 64']),
    ...(neighbor.password === undefined ? [] : [`  tcp md5sig password "${neighbor.password}"`]),
    ...(neighbor.passive ? ['  passive'] : []),
    ...(neighbor.lines ?? []).map((line) => `  ${line}`),
    `  announce IPv4 ${neighbor.families.includes('ipv4') ? 'unicast' : 'none'}`,
    `  announce IPv6 ${neighbor.families.includes('ipv6') ? 'unicast' : 'none'}`,
    '}',
  ];
}

function networkLine(route: Announcement): string {
  const words = attributeWords(route);
  return `network ${route.prefix}${words.length === 0 ? '' : ` set { ${words.join(' ')} }`}`;
}

function configuration(options: DaemonOptions, socket: string): string {
  const { network, host, as, neighbors, originate = [] } = options;
  const listen = [...new Set(neighbors.map(transportOf))].map((ip) => network.endpoint(host, ip));
  return [
    `AS ${as}`,
    `router-id ${routerId(options)}`,
    'fib-update no',
    'holdtime 90',
    'connect-retry 1',
    `socket "${socket}"`,
    ...listen.map(({ address, port }) => `listen on ${address} port ${port}`),
    ...originate.map(networkLine),
    ...neighbors.flatMap((neighbor) => neighborLines(neighbor, options)),
    'allow from any',
    'allow to any',
    '',
  ].join('\n');
}

interface RouteJson {
  prefix: string;
  aspath: string;
  exit_nexthop: string;
  neighbor: { remote_addr: string };
  origin: string;
  metric: number;
  communities?: string[];
  large_communities?: string[];
}

const ORIGINS = { IGP: 'IGP', EGP: 'EGP', '?': 'incomplete', incomplete: 'incomplete' } as const;

function readRoute(json: RouteJson): Route {
  return {
    prefix: canonicalPrefix(json.prefix),
    asPath: json.aspath.replace(/\{ ?([^}]*?) ?\}/g, (_, set: string) => `{${set.replace(/ /g, ',')}}`),
    nextHop: canonicalAddress(json.exit_nexthop),
    origin: ORIGINS[json.origin as keyof typeof ORIGINS],
    // It prints 0 where there is none, so the tests announce no 0.
    med: json.metric === 0 ? undefined : json.metric,
    communities: [...(json.communities ?? []), ...(json.large_communities ?? [])].sort(),
  };
}

interface NeighborJson {
  remote_addr: string;
  state: string;
  last_updown_sec?: number;
  stats: {
    prefixes: { received: number };
    message: { sent: { updates: number }; received: { updates: number } };
  };
}

class OpenBgpd extends Running implements Daemon {
  readonly kind = 'openbgpd';

  async start(): Promise<this> {
    mkdirSync(this.folder);
    mkdirSync(home()!, { recursive: true, mode: 0o755 });
    // It refuses a configuration that others could have written.
    writeFileSync(this.file('bgpd.conf'), configuration(this.options, this.file('ctl')), { mode: 0o600 });
    const command = [findProgram(...DAEMON)!, '-d', '-f', this.file('bgpd.conf')];
    await this.launch(command, () => this.#client('show', 'summary'));
    return this;
  }

  nextHop(family: Family): string {
    const { network, host } = this.options;
    // For IPv6 over IPv4 it takes the address of the interface.
    return network.endpoint(host, family === 'ipv4' ? 4 : 6).address;
  }

  async #client(...words: string[]): Promise<string> {
    const { stdout } = await run('bgpctl', ['-s', this.file('ctl'), ...words], { maxBuffer: 1 << 30 });
    return stdout;
  }

  async ask(...commands: string[]): Promise<string> {
    let answer = '';
    for (const command of commands) answer = await this.#client(...command.split(' '));
    return answer;
  }

  async session(neighbor: string): Promise<SessionView> {
    const json = await this.#client('-j', 'show', 'neighbor', neighbor);
    const now = Date.now();
    const { neighbors } = JSON.parse(json) as { neighbors: NeighborJson[] };
    const { state, last_updown_sec: seconds, stats } = neighbors[0]!;
    const established = state === 'Established';
    return {
      established,
      state,
      establishedAt: established ? now - seconds! * 1000 : Number.NaN,
      updatesReceived: stats.message.received.updates,
      updatesSent: stats.message.sent.updates,
      prefixesReceived: stats.prefixes.received,
    };
  }

  async routes(family: Family, neighbor: string): Promise<Map<string, Route>> {
    const json = await this.#client('-j', 'show', 'rib', family, 'detail');
    const table = new Map<string, Route>();
    const { rib = [] } = JSON.parse(json) as { rib?: RouteJson[] }; // Without routes there is none.
    for (const route of rib) {
      if (route.neighbor.remote_addr !== neighbor) continue;
      const read = readRoute(route);
      table.set(read.prefix, read);
    }
    return table;
  }

  async announce(routes: readonly Announcement[]): Promise<void> {
    // `network bulk add` takes many prefixes with one set of attributes.
    const sets = new Map<string, string[]>();
    for (const route of routes) {
      const words = attributeWords(route).join(' ');
      sets.set(words, [...(sets.get(words) ?? []), route.prefix]);
    }
    for (const [words, prefixes] of sets)
      await this.#bulk([...words.split(' ').filter(Boolean), 'add'], prefixes);
  }

  async withdraw(prefixes: readonly string[]): Promise<void> {
    await this.#bulk(['delete'], prefixes);
  }

  async #bulk(words: readonly string[], prefixes: readonly string[]): Promise<void> {
    const client = spawn('bgpctl', ['-s', this.file('ctl'), 'network', 'bulk', ...words], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    client.stdin.end(`${prefixes.join('\n')}\n`);
    const status = await new Promise((resolve) => client.once('exit', resolve));
    assert(status === 0, `bgpctl network bulk ${words.join(' ')} succeeds`);
  }

  troubles(from = 0): string[] {
    const lines = this.log().slice(from).split('\n');
    return lines.filter((line) => /fatal|error|sending notification|Established -> /.test(line));
  }
}

export const openbgpd: DaemonKind = {
  kind: 'openbgpd',
  freePaths: false,
  missing: () => {
    if (findProgram('bgpctl') === undefined || findProgram(...DAEMON) === undefined)
      return 'openbgpd is not installed';
    if (home() === undefined) return 'openbgpd has no user of its own';
    return process.getuid?.() === 0 ? undefined : 'openbgpd runs as root only';
  },
  start: (options) => new OpenBgpd(options).start(),
};
