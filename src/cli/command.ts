/** What a command is: its words, operands and options as a row of a table, and what it does. */
import type { CommandName } from '../chassis/control/arguments.ts';
import type { Terminal } from './terminal.ts';

export interface Operand {
  readonly name: string;
  readonly doc: string;
  readonly optional?: boolean;
  /** Takes all that follows. */
  readonly rest?: boolean;
}

export interface Option {
  /** The word for its value in the help; a flag has none. */
  readonly value?: string;
  readonly doc: string;
  /** The command cannot do without it. */
  readonly needed?: boolean;
}

export interface Command {
  /** `show session`, as it is typed. */
  readonly name: string;
  readonly summary: string;
  readonly operands?: readonly Operand[];
  readonly options?: { readonly [name: string]: Option };
  /** As it would be typed, without the leading `chassis`. */
  readonly example: string;
  /** It talks to a running chassis, and so takes --control and --json. */
  readonly remote: boolean;
  /** The exit status. */
  run(call: Call): Promise<number>;
}

/** One use of a command. */
export interface Call {
  readonly operands: readonly string[];
  readonly terminal: Terminal;
  flag(option: string): boolean;
  value(option: string): string | undefined;
  /** Asks the running chassis; rejects with an OperationError where it refuses, or nobody answers. */
  ask<T>(command: CommandName, given?: Record<string, unknown>): Promise<T>;
  /** The same for an answer of many rows, which come no faster than they are taken. */
  stream<Row>(command: CommandName, given?: Record<string, unknown>): AsyncGenerator<Row[], unknown, void>;
}

/** Every remote command has these. */
const REMOTE_OPTIONS: { readonly [name: string]: Option } = {
  control: {
    value: 'PATH',
    doc: 'the control socket; without it, GRAFTD_CONTROL, or ./graftd.sock',
  },
  json: { doc: 'the answer as JSON, for programs' },
};

const HELP_OPTION: { readonly [name: string]: Option } = { help: { doc: 'this text' } };

export function optionsOf(command: Command): { readonly [name: string]: Option } {
  return { ...command.options, ...(command.remote ? REMOTE_OPTIONS : {}), ...HELP_OPTION };
}

/** `chassis graft ADDR --to BLADE`, `chassis show routes [PREFIX]` */
export function usage(command: Command): string {
  const operands = (command.operands ?? []).map((operand) => {
    const name = operand.rest ? `${operand.name} …` : operand.name;
    return operand.optional ? `[${name}]` : name;
  });
  const options = Object.entries(command.options ?? {}).filter(([, option]) => option.needed);
  return [
    'chassis',
    command.name,
    ...operands,
    ...options.map(([name, { value }]) => `--${name} ${value}`),
  ].join(' ');
}

/** A number where it looks like one; the check of the arguments says what is wrong with anything else. */
export function numeric(text: string | undefined): number | string | undefined {
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : text;
}

/** Prints an answer: as JSON where that was asked for, else as `show` makes it. */
export async function answer<T>(call: Call, value: T, show: (value: T) => string): Promise<number> {
  await call.terminal.out(call.flag('json') ? `${JSON.stringify(value, null, 2)}\n` : show(value));
  return 0;
}
