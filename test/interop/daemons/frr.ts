/**
 * FRR's bgpd alone, without zebra and so without the kernel. It originates by `network` statements, one
 * route-map per attribute set: keep the sets few, defining one takes it 50 ms. Commands go straight to its vty socket (vtysh would need a configuration in
 * /etc), and whole tables come as the MRT dump that it writes: `show … json` leaves the communities out.
 */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { Child } from '../child.ts';
import { readTable } from '../mrt-table.ts';
import { type Announcement, type Family, familyOf, type Route } from '../routes.ts';
import { Hopeless, until } from '../wait.ts';
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
import { Running } from './running.ts';

// Debian and Red Hat, then FreeBSD; a plain "bgpd" in the path may be OpenBGPD's.
const BGPD = ['/usr/lib/frr/bgpd', '/usr/libexec/frr/bgpd', '/usr/local/sbin/frr/bgpd'];

const ZEBRA = BGPD.map((file) => file.replace('bgpd', 'zebra'));

const FAMILIES: readonly Family[] = ['ipv4', 'ipv6'];

/**
 * Without zebra, FRR notes for every next hop that it could not ask about it; that is how we run it. And it
 * notes when the machine is too busy for it.
 */
const EXPECTED_IN_LOG = /sendmsg_nexthop|zclient|CPU HOG|SLOW THREAD|STARVATION/;

/** Gives every attribute set a route-map, and says which one a route uses. */
class RouteMaps {
  readonly #names = new Map<string, string>();

  /** The lines that define the map where it is new, and its name. */
  for(route: Announcement): { name: string; definition: string[] } {
    const lines = RouteMaps.#lines(route);
    const key = lines.join('\n');
    const known = this.#names.get(key);
    if (known !== undefined) return { name: known, definition: [] };
    const name = `rm${this.#names.size}`;
    this.#names.set(key, name);
    return { name, definition: [`route-map ${name} permit 1`, ...lines, 'exit'] };
  }

  static #lines({ asPath = [], med, communities = [] }: Announcement): string[] {
    const standard = communities.filter((text) => text.split(':').length === 2);
    const large = communities.filter((text) => text.split(':').length === 3);
    return [
      ...(asPath.length === 0 ? [] : [` set as-path prepend ${asPath.join(' ')}`]),
      ...(med === undefined ? [] : [` set metric ${med}`]),
      ...(standard.length === 0 ? [] : [` set community ${standard.join(' ')}`]),
      ...(large.length === 0 ? [] : [` set large-community ${large.join(' ')}`]),
    ];
  }
}

function neighborLines(
  { address, port, as, interface: on, passive, password, near, lines }: NeighborOptions,
  options: DaemonOptions,
): string[] {
  const local = options.network.endpoint(options.host, transportOf({ address }));
  return [
    `remote-as ${as}`,
    `port ${port}`,
    ...(on === undefined ? [] : [`interface ${on}`]),
    ...(near ? ['ttl-security hops 1'] : on === undefined ? ['ebgp-multihop'] : []),
    ...(password === undefined ? [] : [`password ${password}`]),
    ...(on === undefined ? [`update-source ${local.address}`] : []),
    'timers connect 1',
    'advertisement-interval 0',
    // Other daemons do not send a route back to where it came from either.
    'sender-as-path-loop-detection',
    ...(passive ? ['passive'] : []),
    ...(lines ?? []),
    ...(options.extendedNextHop ? ['capability extended-nexthop'] : []),
  ].map((line) => ` neighbor ${address} ${line}`);
}

function familyLines(family: Family, options: DaemonOptions, networks: readonly string[]): string[] {
  const active = options.neighbors.filter(({ families }) => families.includes(family));
  return [
    ` address-family ${family} unicast`,
    ...active.flatMap(({ address, familyLines = [] }) =>
      ['activate', ...familyLines].map((line) => `  neighbor ${address} ${line}`),
    ),
    // To who is on its link FRR knows itself what to say.
    ...(family === 'ipv6' ? active.filter((each) => each.interface === undefined) : []).map(
      ({ address }) => `  neighbor ${address} route-map next-hop out`,
    ),
    ...networks,
    ' exit-address-family',
  ];
}

function configuration(options: DaemonOptions, maps: RouteMaps): string {
  const definitions: string[] = [];
  const networks = { ipv4: [] as string[], ipv6: [] as string[] };
  for (const route of options.originate ?? []) {
    const { name, definition } = maps.for(route);
    definitions.push(...definition);
    networks[familyOf(route.prefix)].push(`  network ${route.prefix} route-map ${name}`);
  }
  const onLink = options.neighbors.every((each) => each.interface !== undefined);
  return [
    ...(onLink
      ? []
      : ['route-map next-hop permit 1', ` set ipv6 next-hop global ${ipv6NextHop(options)}`, 'exit']),
    ...definitions,
    `router bgp ${options.as}`,
    ` bgp router-id ${routerId(options)}`,
    ' bgp log-neighbor-changes',
    ' no bgp default ipv4-unicast',
    ' no bgp ebgp-requires-policy',
    ' no bgp network import-check',
    ' bgp allow-martian-nexthop',
    ' timers bgp 30 90',
    ...(options.routerLines ?? []).map((line) => ` ${line}`),
    ...(options.graceful
      ? [
          ' bgp graceful-restart',
          ' bgp graceful-restart restart-time 60',
          ' bgp graceful-restart preserve-fw-state',
        ]
      : []),
    ...options.neighbors.flatMap((neighbor) => neighborLines(neighbor, options)),
    ...FAMILIES.flatMap((family) => familyLines(family, options, networks[family])),
    '',
  ].join('\n');
}

/** FRR's vty protocol: a command ends with NUL, its answer with three NULs and a status octet. */
class Vty {
  readonly #socket: Socket;
  #received: Buffer[] = [];
  #answer: ((text: string) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#received.push(chunk);
      const tail = Buffer.concat(this.#received.slice(-4)).subarray(-4);
      if (tail.length < 4 || tail[0] !== 0 || tail[1] !== 0 || tail[2] !== 0) return;
      const text = Buffer.concat(this.#received).subarray(0, -4).toString('latin1');
      this.#received = [];
      const status = tail[3];
      this.#answer?.(status === 0 ? text : `% status ${status}: ${text}`);
    });
  }

  static async open(file: string): Promise<Vty> {
    const socket = connect(file);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const vty = new Vty(socket);
    await vty.run('enable');
    return vty;
  }

  /** One command after the other: callers await. */
  async run(command: string): Promise<string> {
    const text = await new Promise<string>((resolve) => {
      this.#answer = resolve;
      this.#socket.write(`${command}\0`);
    });
    if (text.startsWith('%')) throw new Error(`frr, to "${command}": ${text}`);
    return text;
  }

  close(): void {
    this.#socket.destroy();
  }
}

interface NeighborJson {
  bgpState: string;
  bgpTimerUpEstablishedEpoch?: number;
  messageStats: { updatesSent: number; updatesRecv: number };
  addressFamilyInfo?: Record<string, { acceptedPrefixCounter?: number }>;
}

class Frr extends Running implements Daemon {
  readonly kind = 'frr';
  readonly #maps = new RouteMaps();
  #zebra: Child | undefined;
  #vty: Vty | undefined;
  #dumps = 0;
  /** Commands of several callers take turns. */
  #turn: Promise<unknown> = Promise.resolve();

  async start(): Promise<this> {
    mkdirSync(this.folder, { recursive: true });
    const file = (name: string) => this.file(name);
    writeFileSync(file('bgpd.conf'), configuration(this.options, this.#maps));
    const { network, host, neighbors } = this.options;
    const transports = [...new Set(neighbors.map(transportOf))];
    const listen = transports.flatMap((transport) => ['-l', network.endpoint(host, transport).address]);
    const zebra = this.options.zebra ? await this.#startZebra() : ['--no_zebra'];
    const command = [
      findProgram(...BGPD)!,
      ...['--no_kernel', ...zebra, '--skip_runas', '-p', String(network.endpoint(host).port), ...listen],
      ...['-P', '0', '--vty_socket', this.folder, '-i', file('pid'), '-f', file('bgpd.conf')],
      ...['--log', `file:${file('log')}`, '--log-level', 'informational'],
    ];
    this.#vty = await this.launch(command, () => Vty.open(file('bgpd.vty')), 'out');
    return this;
  }

  /** Resolves when it has looked at the kernel's interfaces, with how bgpd finds it. */
  async #startZebra(): Promise<string[]> {
    const file = (name: string) => this.file(name);
    writeFileSync(file('zebra.conf'), '');
    // It becomes another user before it opens its sockets.
    chmodSync(this.options.network.folder, 0o711);
    chmodSync(this.folder, 0o777);
    const socket = file('zserv.api');
    const places = [
      '-z',
      socket,
      '-i',
      file('zebra.pid'),
      '-f',
      file('zebra.conf'),
      '--vty_socket',
      this.folder,
    ];
    const command = [findProgram(...ZEBRA)!, ...places, '-P', '0'];
    const logFile = file('zebra.out');
    this.#zebra = new Child(command, { network: this.options.network, logFile, cwd: this.folder });
    const vty = await until('zebra to start', () => {
      if (this.#zebra?.status !== undefined) throw new Hopeless(this.#zebra.log());
      return Vty.open(file('zebra.vty'));
    });
    vty.close();
    return ['-z', socket];
  }

  nextHop(family: Family): string {
    const { network, host } = this.options;
    return family === 'ipv4' ? network.endpoint(host, 4).address : ipv6NextHop(this.options);
  }

  #run(...commands: string[]): Promise<string> {
    const run = async () => {
      let answer = '';
      for (const command of commands) answer = await this.#vty!.run(command);
      return answer;
    };
    const result = this.#turn.then(run);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  ask(...commands: string[]): Promise<string> {
    return this.#run(...commands);
  }

  async session(neighbor: string): Promise<SessionView> {
    const all = JSON.parse(await this.#run(`show bgp neighbors ${neighbor} json`)) as Record<
      string,
      NeighborJson
    >;
    const found = all[neighbor]!;
    const established = found.bgpState === 'Established';
    const families = Object.values(found.addressFamilyInfo ?? {});
    return {
      established,
      state: found.bgpState,
      establishedAt: established ? found.bgpTimerUpEstablishedEpoch! * 1000 : Number.NaN,
      updatesReceived: found.messageStats.updatesRecv,
      updatesSent: found.messageStats.updatesSent,
      prefixesReceived: families.reduce((sum, family) => sum + (family.acceptedPrefixCounter ?? 0), 0),
    };
  }

  async routes(family: Family, neighbor: string): Promise<Map<string, Route>> {
    const file = this.file(`dump${this.#dumps++}.mrt`);
    await this.#run('configure terminal', `dump bgp routes-mrt ${file}`, 'no dump bgp routes-mrt', 'end');
    // The dump is an event of its own in bgpd's loop, done by the time that it answers again.
    await this.#run('show version');
    const table = readTable(readFileSync(file), family, neighbor);
    rmSync(file);
    return table;
  }

  async announce(routes: readonly Announcement[]): Promise<void> {
    const maps: string[] = [];
    const networks = routes.map((route) => {
      const { name, definition } = this.#maps.for(route);
      maps.push(...definition);
      return { family: familyOf(route.prefix), line: `network ${route.prefix} route-map ${name}` };
    });
    await this.#run('configure terminal', ...maps, 'end');
    await this.#network(networks);
  }

  async withdraw(prefixes: readonly string[]): Promise<void> {
    await this.#network(
      prefixes.map((prefix) => ({ family: familyOf(prefix), line: `no network ${prefix}` })),
    );
  }

  async #network(statements: readonly { family: Family; line: string }[]): Promise<void> {
    for (const family of FAMILIES) {
      const lines = statements.filter((statement) => statement.family === family).map(({ line }) => line);
      if (lines.length === 0) continue;
      const mode = ['configure terminal', `router bgp ${this.as}`, `address-family ${family} unicast`];
      await this.#run(...mode, ...lines, 'end');
    }
  }

  override log(): string {
    try {
      const lines = readFileSync(this.file('log'), 'utf8').split('\n');
      return this.child?.log() + lines.filter((line) => !EXPECTED_IN_LOG.test(line)).join('\n');
    } catch {
      return this.child?.log() ?? '';
    }
  }

  troubles(from = 0): string[] {
    const lines = this.log().slice(from).split('\n');
    // FRR marks warnings and errors by an error code; that one stands for a call that lost a collision, too.
    return lines.filter(
      (line) => /\[EC \d+\]| Down /.test(line) && !line.includes('BGP OPEN receipt failed'),
    );
  }

  override async stop(): Promise<void> {
    this.#vty?.close();
    await super.stop();
    await this.#zebra?.stop();
  }

  override async crash(): Promise<void> {
    this.#vty?.close();
    await super.crash();
  }
}

export const frr: DaemonKind = {
  kind: 'frr',
  freePaths: true,
  missing: () => (findProgram(...BGPD) === undefined ? 'frr is not installed' : undefined),
  start: (options) => new Frr(options).start(),
};

/** Why FRR cannot have its zebra here: that changes its user. */
export function zebraMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'zebra needs root';
  return findProgram(...ZEBRA) === undefined ? 'zebra is not installed' : undefined;
}
