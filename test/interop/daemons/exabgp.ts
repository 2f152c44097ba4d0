/**
 * ExaBGP: it keeps no table, and says message by message what it heard, as JSON to a program of ours; that program's output are the
 * commands that it takes. So its table here is what those messages come to. It only calls, and nobody can call it.
 */
import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { type Announcement, canonicalAddress, canonicalPrefix, type Family, type Route } from '../routes.ts';
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

const SETTINGS = ['api.cli=false', 'api.ack=false', 'tcp.bind=', 'cache.attributes=false', 'log.all=false'];

/** Input goes to a file, and commands come from one; it ends with ExaBGP, and `tail` with it. */
const WITNESS = `#!/bin/sh
cd "$(dirname "$0")"
exec 3<&0
tail -n +1 --pid=$$ -f commands &
exec cat <&3 >> heard
`;

function routeText({ prefix, asPath = [], med, communities = [] }: Announcement, nextHop: string): string {
  const kinds = [2, 3].map((parts) => communities.filter((text) => text.split(':').length === parts));
  const [standard = [], large = []] = kinds;
  return [
    `route ${prefix} next-hop ${nextHop}`,
    ...(med === undefined ? [] : [`med ${med}`]),
    ...(asPath.length === 0 ? [] : [`as-path [ ${asPath.join(' ')} ]`]),
    ...(standard.length === 0 ? [] : [`community [ ${standard.join(' ')} ]`]),
    ...(large.length === 0 ? [] : [`large-community [ ${large.join(' ')} ]`]),
  ].join(' ');
}

/** `familyLines` stand among the capabilities. */
function neighborLines(
  neighbor: NeighborOptions,
  options: DaemonOptions,
  routes: readonly string[],
): string[] {
  const { address } = options.network.endpoint(options.host, transportOf(neighbor));
  return [
    `neighbor ${neighbor.address} {`,
    `  router-id ${routerId(options)}; local-address ${address}; local-as ${options.as};`,
    `  peer-as ${neighbor.as}; connect ${neighbor.port}; hold-time 90;`,
    ...(neighbor.password === undefined ? [] : [`  md5-password "${neighbor.password}";`]),
    ...(neighbor.near ? ['  outgoing-ttl 255; incoming-ttl 255;'] : []),
    '  capability {',
    '    route-refresh enable;',
    `    extended-message ${neighbor.extended === true ? 'enable' : 'disable'};`,
    ...(options.graceful ? [`    graceful-restart ${options.restartTime ?? 60};`] : []),
    ...(neighbor.familyLines ?? []).map((line) => `    ${line}`),
    '  }',
    `  family { ${neighbor.families.map((family) => `${family} unicast;`).join(' ')} }`,
    '  api { processes [ witness ]; neighbor-changes; receive { parsed; update; notification; } }',
    ...(neighbor.lines ?? []).map((line) => `  ${line}`),
    ...(routes.length === 0 ? [] : ['  static {', ...routes.map((route) => `    ${route};`), '  }']),
    '}',
  ];
}

interface Message {
  readonly type: string;
  readonly neighbor?: {
    readonly address: { readonly peer: string };
    readonly state?: string;
    readonly message?: { readonly update?: Update };
  };
  readonly time: number;
}

interface Nlri {
  readonly nlri: string;
  readonly 'path-information'?: string;
}

interface Update {
  readonly attribute?: Attributes;
  readonly announce?: Readonly<Record<string, Readonly<Record<string, readonly Nlri[]>>>>;
  readonly withdraw?: Readonly<Record<string, readonly Nlri[]>>;
}

interface Attributes {
  readonly origin?: string;
  readonly 'as-path'?: readonly number[];
  readonly med?: number;
  readonly community?: readonly (readonly [number, number])[];
  readonly 'large-community'?: readonly (readonly number[])[];
  readonly 'originator-id'?: string;
  readonly 'cluster-list'?: readonly string[];
}

/** A route as it was heard, one path of perhaps several. */
export interface Heard extends Route {
  readonly path: string | undefined;
  readonly originator: string | undefined;
  readonly clusters: readonly string[];
}

export class ExaBgp extends Running implements Daemon {
  readonly kind = 'exabgp';

  async start(): Promise<this> {
    const { neighbors, originate = [] } = this.options;
    mkdirSync(this.folder, { recursive: true });
    for (const name of ['commands', 'heard']) writeFileSync(this.file(name), '');
    writeFileSync(this.file('witness.sh'), WITNESS);
    chmodSync(this.file('witness.sh'), 0o755);
    const ofNeighbor = ({ families }: NeighborOptions): string[] =>
      families.flatMap((family) =>
        originate
          .filter(({ prefix }) => prefix.includes(':') === (family === 'ipv6'))
          .map((route) => routeText(route, this.nextHop(family))),
      );
    const lines = [
      `process witness { run ${this.file('witness.sh')}; encoder json; }`,
      ...neighbors.flatMap((each) => neighborLines(each, this.options, ofNeighbor(each))),
      '',
    ];
    writeFileSync(this.file('exabgp.conf'), lines.join('\n'));
    const settings = [...SETTINGS, `daemon.user=${os.userInfo().username}`];
    const command = ['env', ...settings.map((each) => `exabgp.${each}`), findProgram('exabgp')!];
    await this.launch([...command, this.file('exabgp.conf')], () =>
      readFileSync(`/proc/${this.child?.pid}/cmdline`, 'utf8').includes('exabgp'),
    );
    return this;
  }

  nextHop(family: Family): string {
    const { network, host } = this.options;
    return family === 'ipv4' ? network.endpoint(host, 4).address : ipv6NextHop(this.options);
  }

  #heard(neighbor: string): Message[] {
    const lines = readFileSync(this.file('heard'), 'utf8').split('\n').slice(0, -1);
    return lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Message)
      .filter((message) => message.neighbor?.address.peer === neighbor);
  }

  async session(neighbor: string): Promise<SessionView> {
    const heard = this.#heard(neighbor);
    const last = heard.findLast(({ neighbor: of }) => of?.state === 'up' || of?.state === 'down');
    const established = last?.neighbor?.state === 'up';
    return {
      established,
      state: last?.neighbor?.state ?? 'down',
      establishedAt: established ? last.time * 1000 : Number.NaN,
      updatesReceived: heard.filter((message) => message.neighbor?.message?.update !== undefined).length,
      updatesSent: 0,
      prefixesReceived: new Set(this.paths(neighbor).map(({ prefix }) => prefix)).size,
    };
  }

  /** Every path that it has from this neighbour. */
  paths(neighbor: string): Heard[] {
    const table = new Map<string, Heard>();
    for (const { neighbor: of } of this.#heard(neighbor)) {
      if (of?.state === 'down') table.clear();
      const { attribute = {}, announce = {}, withdraw = {} } = of?.message?.update ?? {};
      for (const gone of Object.values(withdraw).flat()) table.delete(keyOf(gone));
      for (const hops of Object.values(announce))
        for (const [hop, list] of Object.entries(hops))
          for (const each of list)
            if (each.nlri !== undefined) table.set(keyOf(each), read(each, hop, attribute));
    }
    return [...table.values()];
  }

  async routes(family: Family, neighbor: string): Promise<Map<string, Route>> {
    const ours = this.paths(neighbor).filter(({ prefix }) => prefix.includes(':') === (family === 'ipv6'));
    return new Map(ours.map(({ path: _, originator: __, clusters: ___, ...route }) => [route.prefix, route]));
  }

  async announce(routes: readonly Announcement[]): Promise<void> {
    for (const route of routes)
      await this.ask(
        `announce ${routeText(route, this.nextHop(route.prefix.includes(':') ? 'ipv6' : 'ipv4'))}`,
      );
  }

  async withdraw(prefixes: readonly string[]): Promise<void> {
    for (const prefix of prefixes)
      await this.ask(
        `withdraw route ${prefix} next-hop ${this.nextHop(prefix.includes(':') ? 'ipv6' : 'ipv4')}`,
      );
  }

  /** Commands have no answers: what it has heard so far, line by line. */
  async ask(...commands: string[]): Promise<string> {
    if (commands.length > 0) appendFileSync(this.file('commands'), `${commands.join('\n')}\n`);
    return readFileSync(this.file('heard'), 'utf8');
  }

  troubles(from = 0): string[] {
    const lines = this.log().slice(from).split('\n');
    return lines.filter((line) => /error|Traceback|notification/i.test(line));
  }
}

const keyOf = (of: Nlri): string => `${of['path-information'] ?? ''} ${of.nlri}`;

function read(of: Nlri, nextHop: string, attributes: Attributes): Heard {
  const standard = (attributes.community ?? []).map((each) => each.join(':'));
  const large = (attributes['large-community'] ?? []).map((each) => each.join(':'));
  const origin = attributes.origin?.toUpperCase();
  return {
    prefix: canonicalPrefix(of.nlri),
    asPath: (attributes['as-path'] ?? []).join(' '),
    nextHop: canonicalAddress(nextHop),
    origin: origin === 'IGP' || origin === 'EGP' ? origin : 'incomplete',
    med: attributes.med,
    communities: [...standard, ...large].sort(),
    path: of['path-information'],
    originator: attributes['originator-id'],
    clusters: attributes['cluster-list'] ?? [],
  };
}

export const exabgp: DaemonKind = {
  kind: 'exabgp',
  freePaths: true,
  missing: () => (findProgram('exabgp') === undefined ? 'exabgp is not installed' : undefined),
  start: (options) => new ExaBgp(options).start(),
};
