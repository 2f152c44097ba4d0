/**
 * GoBGP. Sessions by its own client; routes, in and out, by its gRPC interface (gobgp-api.ts), because the
 * client is too slow for whole tables and `gobgp mrt inject` ends before its last routes are sent.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Announcement, Family, Route } from '../routes.ts';
import {
  type Daemon,
  type DaemonKind,
  type DaemonOptions,
  findProgram,
  ipv6NextHop,
  type NeighborOptions,
  routerId,
  type SessionView,
  transportOf,
} from './daemon.ts';
import { changeRoutes, listRoutes } from './gobgp-api.ts';
import { Running } from './running.ts';

const run = promisify(execFile);

function neighborLines(neighbor: NeighborOptions, options: DaemonOptions): string[] {
  const { address } = options.network.endpoint(options.host, transportOf(neighbor));
  return [
    '[[neighbors]]',
    '[neighbors.config]',
    `neighbor-address = "${neighbor.address}"`,
    `peer-as = ${neighbor.as}`,
    ...(neighbor.password === undefined ? [] : [`auth-password = "${neighbor.password}"`]),
    '[neighbors.transport.config]',
    `remote-port = ${neighbor.port}`,
    `local-address = "${address}"`,
    `passive-mode = ${neighbor.passive === true}`,
    ...(neighbor.near ? ['[neighbors.ttl-security.config]', 'enabled = true', 'ttl-min = 255'] : []),
    ...(neighbor.as === options.as || neighbor.near
      ? []
      : ['[neighbors.ebgp-multihop.config]', 'enabled = true', 'multihop-ttl = 64']),
    '[neighbors.timers.config]',
    'connect-retry = 1',
    'hold-time = 90',
    'keepalive-interval = 30',
    'idle-hold-time-after-reset = 1',
    ...(options.graceful
      ? [
          '[neighbors.graceful-restart.config]',
          'enabled = true',
          `restart-time = ${options.restartTime ?? 60}`,
          `long-lived-enabled = ${options.longLived !== undefined}`,
        ]
      : []),
    ...(neighbor.lines ?? []),
    ...neighbor.families.flatMap((family) => [
      '[[neighbors.afi-safis]]',
      '[neighbors.afi-safis.config]',
      `afi-safi-name = "${family}-unicast"`,
      ...(options.graceful ? ['[neighbors.afi-safis.mp-graceful-restart.config]', 'enabled = true'] : []),
      ...(options.longLived === undefined
        ? []
        : [
            '[neighbors.afi-safis.long-lived-graceful-restart.config]',
            'enabled = true',
            `restart-time = ${options.longLived}`,
          ]),
    ]),
  ];
}

function configuration(options: DaemonOptions): string {
  const { network, host, as, neighbors } = options;
  const listen = [...new Set(neighbors.map(transportOf))].map((ip) => network.endpoint(host, ip).address);
  return [
    '[global.config]',
    `as = ${as}`,
    `router-id = "${routerId(options)}"`,
    `port = ${network.endpoint(host).port}`,
    `local-address-list = [${listen.map((address) => `"${address}"`).join(', ')}]`,
    ...(options.routerLines ?? []),
    ...neighbors.flatMap((neighbor) => neighborLines(neighbor, options)),
    '',
  ].join('\n');
}

interface NeighborJson {
  state: {
    session_state?: number;
    messages?: { received?: { update?: string | number }; sent?: { update?: string | number } };
  };
  timers: { state?: { uptime?: { seconds: number } } };
  afi_safis?: { state?: { received?: number } }[];
}

const ESTABLISHED = 6;

class GoBgp extends Running implements Daemon {
  readonly kind = 'gobgp';

  async start(): Promise<this> {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(this.file('gobgpd.toml'), configuration(this.options));
    const socket = `unix://${this.file('api')}`;
    const command = [
      findProgram('gobgpd')!,
      '-f',
      this.file('gobgpd.toml'),
      '--log-plain',
      '--pprof-disable',
    ];
    const { originate = [], graceful } = this.options;
    // Only then does it say that it has restarted.
    if (graceful && existsSync(this.file('log'))) command.push('--graceful-restart');
    rmSync(this.file('api'), { force: true });
    await this.launch([...command, '--api-hosts', socket], () => this.#client('global'));
    if (originate.length > 0) await this.announce(originate);
    return this;
  }

  nextHop(family: Family): string {
    const { network, host, extendedNextHop } = this.options;
    return family === 'ipv4' && !extendedNextHop
      ? network.endpoint(host, 4).address
      : ipv6NextHop(this.options);
  }

  async #client(...words: string[]): Promise<string> {
    const options = { maxBuffer: 1 << 30, cwd: this.folder };
    const target = ['--target', `unix://${this.file('api')}`];
    const { stdout } = await run(findProgram('gobgp')!, [...target, ...words], options);
    if (stdout.startsWith('{"error"')) throw new Error(`gobgp ${words.join(' ')}: ${stdout}`);
    return stdout;
  }

  async ask(...commands: string[]): Promise<string> {
    let answer = '';
    for (const command of commands) answer = await this.#client(...command.split(' '));
    return answer;
  }

  async session(neighbor: string): Promise<SessionView> {
    const { state, timers, afi_safis } = JSON.parse(
      await this.#client('neighbor', neighbor, '-j'),
    ) as NeighborJson;
    const established = state.session_state === ESTABLISHED;
    return {
      established,
      state: established ? 'Established' : `state ${state.session_state}`,
      establishedAt: established ? timers.state!.uptime!.seconds * 1000 : Number.NaN,
      updatesReceived: Number(state.messages?.received?.update ?? 0),
      updatesSent: Number(state.messages?.sent?.update ?? 0),
      prefixesReceived: (afi_safis ?? []).reduce(
        (sum, family) => sum + Number(family.state?.received ?? 0),
        0,
      ),
    };
  }

  routes(family: Family, neighbor: string): Promise<Map<string, Route>> {
    return listRoutes(this.file('api'), family, neighbor);
  }

  announce(routes: readonly Announcement[]): Promise<void> {
    return changeRoutes(this.file('api'), routes, (family) => this.nextHop(family), false);
  }

  async withdraw(prefixes: readonly string[]): Promise<void> {
    const routes = prefixes.map((prefix) => ({ prefix }));
    await changeRoutes(this.file('api'), routes, (family) => this.nextHop(family), true);
  }

  troubles(from = 0): string[] {
    const lines = this.log().slice(from).split('\n');
    return lines.filter(
      (line) => /level=(warning|error|fatal|panic)|Peer Down|panic:/.test(line) && !this.#expects(line),
    );
  }

  /** Before 3.19 it takes no next hops in 127/8. */
  #expects(line: string): boolean {
    const { kind } = this.options.network;
    return kind === 'loopback' && /invalid nexthop address|No matching path for withdraw/.test(line);
  }
}

export const gobgp: DaemonKind = {
  kind: 'gobgp',
  freePaths: true,
  missing: () =>
    findProgram('gobgpd') === undefined || findProgram('gobgp') === undefined
      ? 'gobgp is not installed'
      : undefined,
  start: (options) => new GoBgp(options).start(),
};
