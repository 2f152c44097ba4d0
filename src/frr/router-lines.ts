/**
 * What "router bgp" says of the router itself, outside of its neighbours, as sections of a configuration: router, chassis,
 * defaults, neighbor-ranges.
 */
import { asNumber, type Line } from './read.ts';
import type { Report } from './report.ts';

export type Values = Record<string, unknown>;

interface Range {
  readonly range: string;
  readonly group: string;
  readonly line: Line;
}

/** A line that begins so, and what becomes of it: what it returns is what is wrong. */
type Rule = readonly [
  start: string,
  take: (lines: RouterLines, words: readonly string[]) => string | undefined,
];

const RULES: readonly Rule[] = [
  ['bgp router-id', (lines, [, , id]) => lines.set('id', id)],
  ['bgp cluster-id', (lines, [, , id]) => lines.set('cluster-id', id)],
  ['bgp always-compare-med', (lines) => lines.set('always-compare-med', true)],
  ['bgp bestpath med missing-as-worst', (lines) => lines.set('missing-med-as-worst', true)],
  ['bgp confederation identifier', (lines, words) => lines.setConfederation('id', asNumber(words[3] ?? ''))],
  [
    'bgp confederation peers',
    (lines, words) => lines.setConfederation('members', words.slice(3).map(asNumber)),
  ],
  ['bgp graceful-restart-disable', (lines) => lines.default('graceful-restart', 'off')],
  ['bgp graceful-restart select-defer-time', (lines, words) => lines.waitAtRestart(Number(words[3]))],
  ['bgp graceful-restart restart-time', (lines, words) => lines.restartTime(Number(words[3]))],
  [
    'bgp long-lived-graceful-restart stale-time',
    (lines, words) => lines.default('long-lived-stale-time', Number(words[3])),
  ],
  ['maximum-paths ibgp', (lines, words) => lines.multipath('ibgp', Number(words[2]))],
  ['maximum-paths', (lines, words) => lines.multipath('ebgp', Number(words[1]))],
  ['bgp bestpath as-path multipath-relax', (lines) => lines.multipath('as-path-relax', true)],
  ['timers bgp', (lines, words) => lines.default('hold-time', Number(words[3]))],
  ['bgp listen limit', (lines, words) => lines.listenLimit(Number(words[3]))],
];

/** Lines that graftd needs nothing for, and why. */
const NEEDLESS: readonly (readonly [RegExp, string])[] = [
  [
    /^coalesce-time|^(read|write)-quanta|^bgp (graceful-restart (preserve-fw-state|stalepath-time)|log-neighbor-changes|suppress-fib-pending|network import-check|allow-martian-nexthop|fast-external-failover|fast-convergence|send-extra-data|update-delay|default (show|software)|suppress-duplicates|route-map delay-timer)/,
    'graftd needs nothing for it',
  ],
  [/^bgp (deterministic-med|bestpath compare-routerid)/, 'graftd decides so in any case'],
  [
    /^bgp route-reflector allow-outbound-policy/,
    'graftd’s export policies change what is reflected in any case',
  ],
];

/** What is so without the line, where it has a "no" in front. */
const NOT = /^bgp (enforce-first|enforce-first-as|reject-as-sets|default ipv6-unicast)$/;

/** Routes that are used together at most; FRR uses up to 256. */
const MOST_PATHS = 64;

export class RouterLines {
  readonly router: Values = {};
  readonly chassis: Values = {};
  readonly defaults: Values = {};
  ipv4ByDefault = true;
  requiresPolicy = true;
  readonly ranges: Range[] = [];
  #limit: number | undefined;
  readonly #report: Report;
  readonly #known: ReadonlySet<string>;

  /** `known`: the keys that the section "router" can have. */
  constructor(report: Report, known: ReadonlySet<string>) {
    this.#report = report;
    this.#known = known;
  }

  get limit(): number | undefined {
    return this.#limit;
  }

  take(line: Line): void {
    const wrong = this.#take(line);
    if (wrong === undefined) this.#report.carried++;
    else this.#report.leave(line, wrong);
  }

  #take(line: Line): string | undefined {
    const text = line.words.join(' ');
    if (text === 'bgp default ipv4-unicast') return void (this.ipv4ByDefault = !line.no);
    if (text === 'bgp ebgp-requires-policy') return void (this.requiresPolicy = !line.no);
    if (text === 'bgp graceful-restart') return this.default('graceful-restart', line.no ? 'helper' : 'full');
    const needless = NEEDLESS.find(([form]) => form.test(text));
    if (needless !== undefined) return this.#note(line, needless[1]);
    if (line.no) {
      return NOT.test(text) || text === 'bgp always-compare-med'
        ? this.#note(line, 'it is so without a word in graftd')
        : 'it takes something back that graftd does not do';
    }
    if (/^maximum-paths/.test(text) && Number(line.words.at(-1)) > MOST_PATHS)
      this.#note(line, `graftd uses ${MOST_PATHS} routes together at most`);
    if (text.startsWith('bgp listen range')) return this.#range(line);
    const rule = RULES.find(([start]) => text === start || text.startsWith(`${start} `));
    return rule === undefined ? 'graftd has no counterpart' : rule[1](this, line.words);
  }

  #note(line: Line, reason: string): undefined {
    this.#report.notes.push({ line: line.number, text: line.text, reason });
  }

  set(key: string, value: unknown): string | undefined {
    if (!this.#known.has(key)) return `graftd has no "${key}"`;
    this.router[key] = value;
    return undefined;
  }

  default(key: string, value: unknown): undefined {
    this.defaults[key] = value;
  }

  setConfederation(key: 'id' | 'members', value: unknown): string | undefined {
    return this.set('confederation', { ...(this.router.confederation as object | undefined), [key]: value });
  }

  /** FRR says it of each family; in graftd the highest number is that of all. */
  multipath(key: 'ebgp' | 'ibgp' | 'as-path-relax', value: number | true): string | undefined {
    const before = (this.router.multipath ?? {}) as Record<string, number | true>;
    const most = typeof value === 'number' ? Math.max(Number(before[key] ?? 1), value) : value;
    if (typeof most === 'number' && !(most >= 1)) return 'graftd uses 1 to 64 paths';
    return this.set('multipath', {
      ...before,
      [key]: typeof most === 'number' ? Math.min(most, MOST_PATHS) : most,
    });
  }

  restartTime(seconds: number): string | undefined {
    if (!(seconds >= 1 && seconds <= 4095)) return 'graftd takes 1 to 4095 seconds';
    return this.default('restart-time', seconds);
  }

  waitAtRestart(seconds: number): string | undefined {
    if (!(seconds >= 1 && seconds <= 3600)) return 'graftd takes 1 to 3600 seconds';
    this.chassis['restart-wait'] = seconds;
    return undefined;
  }

  listenLimit(limit: number): undefined {
    this.#limit = limit;
  }

  #range(line: Line): string | undefined {
    const [, , , range = '', , group = ''] = line.words;
    this.ranges.push({ range, group, line });
    return undefined;
  }
}
