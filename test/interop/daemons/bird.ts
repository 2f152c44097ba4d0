/**
 * BIRD 2: any table, with any attributes, from an included file of static routes; a run-time change is that
 * file and `configure`. Its decision process is set up like ours (see DECISION), so it also serves as an
 * independent opinion on best routes. Talks to BIRD's control socket directly: birdc adds only paging.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import {
  type Announcement,
  canonicalAddress,
  canonicalPrefix,
  type Family,
  familyOf,
  type Route,
} from '../routes.ts';
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

const FAMILIES: readonly Family[] = ['ipv4', 'ipv6'];

/** A function of the routes and not of their history (RFC 4271 9.1.2.2, MED within a neighbour AS). */
const DECISION = ['path metric on', 'med metric off', 'deterministic med on', 'prefer older off'];

const EXPORT = `filter announced {
  if source = RTS_STATIC then {
    if defined(route_med) then bgp_med = route_med;
    accept;
  }
  if source = RTS_BGP then accept;
  reject;
}`;

/** Next hops resolve here, so that BIRD counts every route as reachable; nothing enters the kernel. */
const IGP = `ipv4 table igp4;
ipv6 table igp6;
protocol static { ipv4 { table igp4; }; route 0.0.0.0/0 via "lo"; }
protocol static { ipv6 { table igp6; }; route ::/0 via "lo"; }`;

/** In a namespace every address is the loopback's; it does not matter to us whether BIRD could forward there. */
const EXPECTED_IN_LOG = /Next hop address \S+ is a local address of iface lo/;

/** One that every daemon takes: GoBGP refuses 127/8. */
function nextHopOf(family: Family, options: DaemonOptions): string {
  const { network, host } = options;
  if (family === 'ipv6') return ipv6NextHop(options);
  return network.kind === 'loopback' ? `192.0.2.${host}` : network.endpoint(host, 4).address;
}

function channel(family: Family, neighbor: NeighborOptions, options: DaemonOptions): string {
  const version = family === 'ipv4' ? 4 : 6;
  // The next hop of its own accord would be the session's address: of IPv4, or of loopback.
  const named = options.network.kind === 'loopback' || (family === 'ipv6' && transportOf(neighbor) === 4);
  const nextHop = named ? ` next hop address ${nextHopOf(family, options)};` : '';
  const extended = options.extendedNextHop && family === 'ipv4' ? ' extended next hop on;' : '';
  const lines = [nextHop, extended, ...(neighbor.familyLines ?? []).map((line) => ` ${line}`)].join('');
  return `  ${family} { igp table igp${version}; import all; export filter announced;${lines} };`;
}

function protocol(neighbor: NeighborOptions, index: number, options: DaemonOptions): string {
  const local = options.network.endpoint(options.host, transportOf(neighbor));
  return [
    `protocol bgp n${index} {`,
    `  local ${local.address} port ${local.port} as ${options.as};`,
    `  neighbor ${neighbor.address}${neighbor.interface === undefined ? '' : `%'${neighbor.interface}'`}`,
    `    port ${neighbor.port} as ${neighbor.as};`,
    neighbor.interface === undefined ? `  multihop${neighbor.near ? ' 1' : ''};` : '  direct;',
    ...(neighbor.near ? ['  ttl security on;'] : []),
    '  strict bind on; hold time 90;',
    ...(neighbor.password === undefined ? [] : [`  password "${neighbor.password}";`]),
    ...(neighbor.extended ? ['  enable extended messages on;'] : []),
    '  connect delay time 0; connect retry time 1; error wait time 1, 2;',
    ...(neighbor.passive ? ['  passive on;'] : []),
    ...(options.graceful
      ? [`  graceful restart on; graceful restart time ${options.restartTime ?? 60};`]
      : []),
    ...(options.longLived === undefined
      ? []
      : [`  long lived graceful restart on; long lived stale time ${options.longLived};`]),
    ...DECISION.map((line) => `  ${line};`),
    ...(neighbor.lines ?? []).map((line) => `  ${line}`),
    ...neighbor.families.map((family) => channel(family, neighbor, options)),
    '}',
  ].join('\n');
}

function configuration(options: DaemonOptions): string {
  return [
    'log stderr all;',
    `router id ${routerId(options)};`,
    'timeformat protocol iso long us;',
    'attribute int route_med;',
    'protocol device {}',
    IGP,
    EXPORT,
    ...FAMILIES.map((family) => `protocol static { ${family};\n  include "${family}.conf";\n}`),
    ...options.neighbors.map((neighbor, index) => protocol(neighbor, index, options)),
    '',
  ].join('\n');
}

function staticRoute({ prefix, asPath = [], med, communities = [] }: Announcement): string {
  const set: string[] = [];
  for (const as of [...asPath].reverse()) set.push(`bgp_path.prepend(${as});`);
  if (med !== undefined) set.push(`route_med = ${med};`);
  for (const text of communities) {
    const parts = text.split(':');
    set.push(`bgp_${parts.length === 3 ? 'large_' : ''}community.add((${parts.join(',')}));`);
  }
  return `route ${prefix} blackhole${set.length === 0 ? '' : ` { ${set.join(' ')} }`};\n`;
}

/** One command over the control socket; answers with the reply's lines, their numbers taken off. */
function ask(socket: string, command: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const connection = connect(socket);
    const chunks: string[] = [];
    let tail = '';
    connection.setEncoding('latin1').once('error', reject);
    connection.on('data', (chunk: string) => {
      chunks.push(chunk);
      tail = (tail + chunk).slice(-1000);
      // A reply ends with a line that has a blank after its number; the first such line is the greeting.
      if (!/\n\d{4} [^\n]*\n$/.test(tail)) return;
      connection.destroy();
      const lines = chunks.join('').split('\n').slice(1, -1);
      const last = lines[lines.length - 1] ?? '';
      if (/^[89]/.test(last)) reject(new Error(`bird, to "${command}": ${last}`));
      else resolve(lines.map((line) => (line.startsWith(' ') ? line.slice(1) : line.slice(5))));
    });
    connection.write(`${command}\n`);
  });
}

const ORIGINS = { IGP: 'IGP', EGP: 'EGP', Incomplete: 'incomplete' } as const;

const communityList = (text: string) =>
  [...text.matchAll(/\(([^)]*)\)/g)].map(([, c]) => c!.replace(/, ?/g, ':'));

/** What each attribute line of `show route all` says of a route. */
const ATTRIBUTES: Record<string, (route: Route, value: string) => void> = {
  origin: (route, value) => (route.origin = ORIGINS[value as keyof typeof ORIGINS]),
  as_path: (route, value) =>
    (route.asPath = value.replace(/\{([^}]*)\}/g, (_, set: string) => `{${set.trim().replace(/ /g, ',')}}`)),
  next_hop: (route, value) => (route.nextHop = canonicalAddress(value.split(' ')[0]!)),
  med: (route, value) => (route.med = Number(value)),
  community: (route, value) => (route.communities = route.communities.concat(communityList(value))),
  large_community: (route, value) => (route.communities = route.communities.concat(communityList(value))),
};

/** Reads `show route all`: a line that starts with a prefix, then indented ones with its attributes. */
function readRoutes(lines: readonly string[]): Map<string, Route> {
  const table = new Map<string, Route>();
  let route: Route | undefined;
  for (const line of lines) {
    const attribute = /^\tBGP\.(\w+): (.*)$/.exec(line);
    if (attribute !== null && route !== undefined) ATTRIBUTES[attribute[1]!]?.(route, attribute[2]!.trim());
    const start = /^([0-9a-f.:]+\/\d+) /.exec(line);
    if (start === null) continue;
    const prefix = canonicalPrefix(start[1]!);
    route = { prefix, asPath: '', nextHop: '', origin: 'IGP', med: undefined, communities: [] };
    table.set(prefix, route);
  }
  for (const { communities } of table.values()) if (communities.length > 1) communities.sort();
  return table;
}

function readSession(lines: readonly string[]): SessionView {
  const text = lines.join('\n');
  const [, since, state] = /^n\d+\s+BGP\s+\S+\s+\S+\s+(\S+ \S+)\s+(\S*)/m.exec(text) ?? [];
  const sum = (pattern: RegExp) => [...text.matchAll(pattern)].reduce((total, [, n]) => total + Number(n), 0);
  const established = state === 'Established';
  return {
    established,
    state: state ?? 'unknown',
    establishedAt: established ? Date.parse(since!.replace(' ', 'T')) : Number.NaN,
    updatesReceived: sum(/Import updates:\s+(\d+)/g) + sum(/Import withdraws:\s+(\d+)/g),
    updatesSent: sum(/Export updates:(?:\s+(?:\d+|-+)){4}\s+(\d+)/g),
    prefixesReceived: sum(/Routes:\s+(\d+) imported/g),
  };
}

export class Bird extends Running implements Daemon {
  readonly kind = 'bird';
  readonly #socket: string;
  readonly #originated = new Map<string, Announcement>();

  constructor(options: DaemonOptions) {
    super(options);
    this.#socket = this.file('ctl');
    for (const route of options.originate ?? []) this.#originated.set(route.prefix, route);
  }

  async start(): Promise<this> {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(this.file('bird.conf'), configuration(this.options));
    this.#writeRoutes();
    const recover = this.options.graceful ? ['-R'] : [];
    const command = [
      findProgram('bird')!,
      ...recover,
      '-f',
      '-c',
      'bird.conf',
      '-s',
      this.#socket,
      '-P',
      'pid',
    ];
    await this.launch(command, () => ask(this.#socket, 'show status'));
    return this;
  }

  nextHop(family: Family): string {
    return nextHopOf(family, this.options);
  }

  #writeRoutes(): void {
    const text = { ipv4: [] as string[], ipv6: [] as string[] };
    for (const route of this.#originated.values()) text[familyOf(route.prefix)].push(staticRoute(route));
    for (const family of FAMILIES) writeFileSync(this.file(`${family}.conf`), text[family].join(''));
  }

  #name(neighbor: string): string {
    return `n${this.options.neighbors.findIndex(({ address }) => address === neighbor)}`;
  }

  #lines(command: string): Promise<string[]> {
    return ask(this.#socket, command);
  }

  async ask(...commands: string[]): Promise<string> {
    let lines: string[] = [];
    for (const command of commands) lines = await this.#lines(command);
    return lines.join('\n');
  }

  async session(neighbor: string): Promise<SessionView> {
    return readSession(await this.#lines(`show protocols all ${this.#name(neighbor)}`));
  }

  async routes(family: Family, neighbor: string): Promise<Map<string, Route>> {
    const table = family === 'ipv4' ? 'master4' : 'master6';
    return readRoutes(await this.#lines(`show route table ${table} all protocol ${this.#name(neighbor)}`));
  }

  /** The best routes of the whole table, whoever they came from. */
  async bestRoutes(family: Family): Promise<Map<string, Route>> {
    return readRoutes(await this.#lines(`show route table master${family === 'ipv4' ? 4 : 6} all primary`));
  }

  async announce(routes: readonly Announcement[]): Promise<void> {
    for (const route of routes) this.#originated.set(route.prefix, route);
    await this.#configure();
  }

  async withdraw(prefixes: readonly string[]): Promise<void> {
    for (const prefix of prefixes) this.#originated.delete(prefix);
    await this.#configure();
  }

  async #configure(): Promise<void> {
    this.#writeRoutes();
    await this.#lines('configure');
  }

  troubles(from = 0): string[] {
    const lines = this.log().slice(from).split('\n');
    return lines.filter(
      (line) => /<(WARN|ERR|RMT|AUTH|BUG|FATAL)>/.test(line) && !EXPECTED_IN_LOG.test(line),
    );
  }
}

export const bird: DaemonKind = {
  kind: 'bird',
  freePaths: true,
  missing: () => (findProgram('bird') === undefined ? 'bird is not installed' : undefined),
  start: (options) => new Bird(options).start(),
};
