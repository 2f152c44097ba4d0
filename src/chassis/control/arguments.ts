/**
 * The arguments of every command: name and kind, one row each. They are checked where they enter the chassis,
 * so that operations see canonical values only; the command line uses the same table for its usage errors.
 */
import { FAMILIES, type Family } from '../../bgp/families.ts';
import { canonicalAddress, canonicalPrefix } from '../../config/address.ts';
import { suggestion } from '../../config/nearest.ts';
import { BALANCE_METRICS, FAULT_KINDS, FIRST_BLADE, OperationError } from '../operations.ts';

interface Kind<T> {
  /** The checked value, or undefined where it is none. */
  read(value: unknown): T | undefined;
  /** What the value must be, in words. */
  readonly wanted: string;
  readonly choices?: readonly string[];
}

interface Parameter<T, Needed extends boolean> {
  readonly kind: Kind<T>;
  readonly needed: Needed;
}

const address: Kind<string> = {
  wanted: 'the IPv4 or IPv6 address of a neighbour',
  read: (value) => (typeof value === 'string' ? canonicalAddress(value) : undefined),
};

const prefix: Kind<string> = {
  wanted: 'a prefix like 192.0.2.0/24 or 2001:db8::/32',
  read: (value) => (typeof value === 'string' ? canonicalPrefix(value) : undefined),
};

/** Whether there is such a blade only the chassis knows. */
const blade: Kind<number> = {
  wanted: `the number of a blade, from ${FIRST_BLADE} (see "chassis show blades")`,
  read: (value) => (isInteger(value, FIRST_BLADE, 0xffff) ? value : undefined),
};

const count: Kind<number> = {
  wanted: 'a whole number from 1 to 1000000',
  read: (value) => (isInteger(value, 1, 1_000_000) ? value : undefined),
};

const flag: Kind<boolean> = {
  wanted: 'true or false',
  read: (value) => (typeof value === 'boolean' ? value : undefined),
};

/** RFC 9003: a shutdown communication has 255 octets at most. */
const communication: Kind<string> = {
  wanted: 'a text of at most 255 octets in UTF-8 (RFC 9003)',
  read: (value) => (typeof value === 'string' && Buffer.byteLength(value) <= 255 ? value : undefined),
};

const absoluteFile: Kind<string> = {
  wanted: 'the absolute path of a file',
  read: (value) => (typeof value === 'string' && /^\/[^\0]*[^/\0]$/.test(value) ? value : undefined),
};

function choice<T extends string>(choices: readonly T[]): Kind<T> {
  return { wanted: choices.join(', '), choices, read: (value) => choices.find((name) => name === value) };
}

const metric = choice(BALANCE_METRICS);
const faultKind = choice(FAULT_KINDS);
const family = choice<Family>(FAMILIES.map((row) => row.family));

function needed<T>(kind: Kind<T>): Parameter<T, true> {
  return { kind, needed: true };
}

function maybe<T>(kind: Kind<T>): Parameter<T, false> {
  return { kind, needed: false };
}

const routeFilter = {
  prefix: maybe(prefix),
  longer: maybe(flag),
  covering: maybe(flag),
  best: maybe(flag),
  family: maybe(family),
  why: maybe(flag),
};

// biome-ignore format: one line a command
const COMMAND_ARGUMENTS = {
  'show chassis': {},
  'show blades': {},
  'show sessions': {},
  'show session': { neighbor: needed(address) },
  'show routes': routeFilter,
  'show received': { neighbor: needed(address), ...routeFilter },
  'show advertised': { neighbor: needed(address), ...routeFilter },
  'show grafts': { limit: maybe(count) },
  'show fabric': {},
  'show rpki': {},
  'show vrps': { prefix: needed(prefix) },
  'graft': { neighbor: needed(address), to: needed(blade) },
  'balance': { metric: maybe(metric), dryRun: maybe(flag) },
  'drain': { blade: needed(blade) },
  'undrain': { blade: needed(blade) },
  'restart': { blade: needed(blade) },
  'scale': { blades: needed(count) },
  'fault': { blade: needed(blade), kind: needed(faultKind) },
  'clear': { neighbor: needed(address) },
  'shutdown': { neighbor: needed(address), why: maybe(communication) },
  'enable': { neighbor: needed(address) },
  'refresh': { neighbor: needed(address) },
  'reload': { dryRun: maybe(flag) },
  'policy preview': { file: needed(absoluteFile) },
  'dump mrt': { file: needed(absoluteFile) },
} as const;

export type CommandName = keyof typeof COMMAND_ARGUMENTS;
export const COMMAND_NAMES = Object.keys(COMMAND_ARGUMENTS) as CommandName[];

type Parameters = { readonly [name: string]: Parameter<unknown, boolean> };

type ReadParameters<P> = {
  [N in keyof P as P[N] extends Parameter<unknown, true> ? N : never]: P[N] extends Parameter<
    infer T,
    boolean
  >
    ? T
    : never;
} & {
  [N in keyof P as P[N] extends Parameter<unknown, true> ? never : N]?: P[N] extends Parameter<
    infer T,
    boolean
  >
    ? T
    : never;
};

/** The checked arguments of a command. */
export type Arguments<C extends CommandName> = ReadParameters<(typeof COMMAND_ARGUMENTS)[C]>;

/** The arguments as the operations take them; throws an OperationError with code 2 that names the first mistake. */
export function checkArguments<C extends CommandName>(
  command: C,
  given: Record<string, unknown>,
): Arguments<C> {
  const parameters: Parameters = COMMAND_ARGUMENTS[command];
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(parameters, name)) continue;
    const hint = suggestion(name, Object.keys(parameters));
    throw new OperationError(`${command}: there is no argument "${shorten(name)}"${hint}`, 2);
  }
  const checked: Record<string, unknown> = {};
  for (const [name, parameter] of Object.entries(parameters)) {
    const value = checkOne(command, name, parameter, given[name]);
    if (value !== undefined) checked[name] = value;
  }
  const { prefix, family } = checked;
  if (typeof prefix === 'string' && family !== undefined && family !== familyOf(prefix))
    throw new OperationError(
      `${command}: ${shorten(String(given['prefix']))} is not of the family ${family}`,
      2,
    );
  return checked as Arguments<C>;
}

function checkOne(
  command: string,
  name: string,
  { kind, needed }: Parameter<unknown, boolean>,
  value: unknown,
): unknown {
  if (value === undefined || value === null) {
    if (!needed) return undefined;
    throw new OperationError(`${command}: "${name}" is missing: ${kind.wanted}`, 2);
  }
  const read = kind.read(value);
  if (read !== undefined) return read;
  const text = shorten(typeof value === 'string' ? value : JSON.stringify(value));
  if (kind.choices && typeof value === 'string') {
    throw new OperationError(
      `${command}: there is no ${name} "${text}"${suggestion(value, kind.choices)}`,
      2,
    );
  }
  throw new OperationError(`${command}: "${text}" is not ${kind.wanted}`, 2);
}

function familyOf(prefix: string): Family {
  return prefix.includes(':') ? 'ipv6-unicast' : 'ipv4-unicast';
}

function isInteger(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 57)}…` : line;
}
