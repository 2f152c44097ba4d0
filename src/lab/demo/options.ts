/** What `chassis demo` can be asked for, checked: everything wrong is a UsageError before anything starts. */
import { UsageError } from '../../cli/usage-error.ts';

export interface DemoOptions {
  /** Feed this MRT dump instead of generated routes. */
  readonly mrt?: string;
  /** Prefixes of the generated table, of both families together. */
  readonly prefixes?: number;
  /** UPDATE messages a second that the two full feeds send once the tables are there; 0 for none. */
  readonly rate?: number;
  readonly blades?: number;
  /** The TCP port that the router listens at, on 127.0.0.1; without it 1790, or any that is free. */
  readonly port?: number;
  /** Seconds between grafts once the first ones are proved; 0 for no more. */
  readonly every?: number;
  /** Blades start without a rehearsal (`chassis.rehearse`). */
  readonly cold?: boolean;
  /** Ends by itself that many seconds after the proof. */
  readonly seconds?: number;
  /** Ends by itself after the proof. */
  readonly once?: boolean;
}

export interface DemoSettings {
  readonly mrt: string | undefined;
  readonly prefixes: number;
  readonly rate: number;
  readonly blades: number;
  readonly rehearse: boolean;
  readonly port: number | undefined;
  readonly every: number;
  /** Seconds to stay up after the proof; Infinity until Ctrl-C. */
  readonly stay: number;
}

/** A full feed is said to be one because a customer with a few hundred prefixes is beside it. */
const FEWEST_PREFIXES = 1000;

// biome-ignore format: one line an option
const NUMBERS = {
  prefixes: { from: FEWEST_PREFIXES, to: 1_000_000, unsaid: 240_000 },
  rate:     { from: 0, to: 20_000, unsaid: 500 },
  blades:   { from: 2, to: 32, unsaid: 4 },
  port:     { from: 1024, to: 65535, unsaid: undefined },
  every:    { from: 0, to: 86_400, unsaid: 15 },
  seconds:  { from: 0, to: 31_536_000, unsaid: undefined },
} as const;

export type NumberName = keyof typeof NUMBERS;
const NUMBER_NAMES = Object.keys(NUMBERS) as NumberName[];

export function demoSettings(options: DemoOptions): DemoSettings {
  for (const name of NUMBER_NAMES) checkNumber(name, options[name]);
  if (options.mrt !== undefined && options.prefixes !== undefined)
    throw new UsageError('--prefixes is for generated tables; a file given with --mrt has those it has');
  if (options.once === true && options.seconds !== undefined)
    throw new UsageError('--once and --seconds both say when to end; give one of them');
  return {
    mrt: options.mrt,
    prefixes: options.prefixes ?? NUMBERS.prefixes.unsaid,
    rate: options.rate ?? NUMBERS.rate.unsaid,
    blades: options.blades ?? NUMBERS.blades.unsaid,
    rehearse: options.cold !== true,
    port: options.port,
    every: options.every ?? NUMBERS.every.unsaid,
    stay: options.once === true ? 0 : (options.seconds ?? Number.POSITIVE_INFINITY),
  };
}

function checkNumber(name: NumberName, value: number | undefined): void {
  const { from, to } = NUMBERS[name];
  if (value === undefined || (Number.isInteger(value) && value >= from && value <= to)) return;
  throw new UsageError(`--${name} must be a whole number from ${from} to ${to}`);
}
