/**
 * From the words of a command line to the command that they mean, and from what becomes of it to an exit
 * status: 0 done, 1 failed, 2 wrong usage or configuration. A failure is one line on standard error.
 */
import { parseArgs } from 'node:util';
import { type CommandName, checkArguments } from '../chassis/control/arguments.ts';
import { ControlClient } from '../chassis/control/client.ts';
import { OperationError } from '../chassis/operations.ts';
import { nearest } from '../config/nearest.ts';
import { type Command, type Option, optionsOf, usage } from './command.ts';
import { commandHelp, groupHelp, overview } from './help.ts';
import { plain, type Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

const DEFAULT_CONTROL = './graftd.sock';

export async function runProgram(
  words: readonly string[],
  commands: readonly Command[],
  terminal: Terminal,
  version: string,
): Promise<number> {
  try {
    return await dispatch(words, commands, terminal, version);
  } catch (error) {
    if (error instanceof UsageError) return complain(terminal, error.message, 2);
    // The mistakes of a file, each on a line that an editor can jump to.
    if (error instanceof OperationError) {
      const [first = '', ...lines] = error.message.split('\n');
      const status = complain(terminal, first, error.code);
      for (const line of lines) terminal.err(line);
      return status;
    }
    const text = error instanceof Error ? error.message : String(error);
    if (terminal.env.GRAFTD_DEBUG && error instanceof Error) terminal.err(error.stack ?? text);
    return complain(terminal, text, 1);
  }
}

function complain(terminal: Terminal, message: string, status: number): number {
  terminal.err(`chassis: ${message.replaceAll(/\s*\n\s*/g, ' ')}`);
  return status;
}

async function dispatch(
  words: readonly string[],
  commands: readonly Command[],
  terminal: Terminal,
  version: string,
): Promise<number> {
  const { positionals, values } = looseParse(words, commands);
  const wantsHelp = values.help === true || positionals[0] === 'help';
  if (positionals[0] === 'help') positionals.shift();
  if (positionals.length === 0) {
    if (values.version) return print(terminal, `${version}\n`);
    if (wantsHelp) return print(terminal, overview(commands, terminal));
    if (words.length > 0) throw new UsageError(`"${words[0]}" stands for no command; see "chassis --help"`);
    terminal.err(overview(commands, { paint: plain, width: terminal.width }));
    return 2;
  }
  const command = findCommand(positionals, commands);
  if (command === undefined) {
    const group = commands.some(({ name }) => name.startsWith(`${positionals[0]} `));
    if (group && wantsHelp) return print(terminal, groupHelp(positionals[0]!, commands, terminal));
    throw new UsageError(unknownCommand(positionals, commands));
  }
  if (wantsHelp) return print(terminal, commandHelp(command, terminal));
  return runCommand(command, words, commands, terminal);
}

async function print(terminal: Terminal, text: string): Promise<number> {
  await terminal.out(text);
  return 0;
}

/** The longest name that the words begin with: `show session 192.0.2.1` is `show session`, not `show`. */
function findCommand(positionals: readonly string[], commands: readonly Command[]): Command | undefined {
  let found: Command | undefined;
  for (const command of commands) {
    const parts = command.name.split(' ');
    const matches = parts.every((part, index) => positionals[index] === part);
    if (matches && parts.length > (found?.name.split(' ').length ?? 0)) found = command;
  }
  return found;
}

function unknownCommand(positionals: readonly string[], commands: readonly Command[]): string {
  const [first, second] = positionals as [string, string | undefined];
  const names = commands.map((command) => command.name);
  const below = names
    .filter((name) => name.startsWith(`${first} `))
    .map((name) => name.slice(first.length + 1));
  if (below.length > 0) {
    if (second === undefined) return `"chassis ${first}" needs one more word: ${below.join(', ')}`;
    const near = nearest(second, below);
    const hint = near ? `did you mean "chassis ${first} ${near}"?` : `it goes on with: ${below.join(', ')}`;
    return `there is no command "${first} ${second}"; ${hint}`;
  }
  const near = nearest(first, [...new Set(names.map((name) => name.split(' ')[0]!))]);
  return `there is no command "${first}"; ${near ? `did you mean "chassis ${near}"?` : 'see "chassis --help"'}`;
}

type ParseOptions = { [name: string]: { type: 'string' | 'boolean'; short?: string } };

function parseOptions(options: { readonly [name: string]: Option }): ParseOptions {
  const parsed: ParseOptions = {};
  for (const [name, option] of Object.entries(options))
    parsed[name] = { type: option.value ? 'string' : 'boolean' };
  return { ...parsed, help: { type: 'boolean', short: 'h' } };
}

/** With the options of all commands: enough to tell which words are the command's. */
function looseParse(words: readonly string[], commands: readonly Command[]) {
  const all: ParseOptions = { version: { type: 'boolean' } };
  for (const command of commands) Object.assign(all, parseOptions(optionsOf(command)));
  return parseArgs({ args: [...words], options: all, strict: false, allowPositionals: true });
}

async function runCommand(
  command: Command,
  words: readonly string[],
  commands: readonly Command[],
  terminal: Terminal,
): Promise<number> {
  const { options, positionals } = strictParse(command, words, commands);
  const operands = positionals.slice(command.name.split(' ').length);
  checkOperands(command, operands, commands);
  checkNeededOptions(command, options);
  const control = options.control ?? (terminal.env.GRAFTD_CONTROL || DEFAULT_CONTROL);
  const link = new ChassisLink(String(control));
  try {
    return await command.run({
      operands,
      terminal,
      flag: (option) => options[option] === true,
      value: (option) => options[option] as string | undefined,
      ask: (name, given) => link.ask(name, given),
      stream: (name, given) => link.stream(name, given),
    });
  } finally {
    link.close();
  }
}

/** Arguments are checked before anything is sent: wrong usage is wrong whether or not a chassis runs. */
class ChassisLink {
  readonly #control: string;
  #client: Promise<ControlClient> | undefined;

  constructor(control: string) {
    this.#control = control;
  }

  async ask<T>(name: CommandName, given: Record<string, unknown> = {}): Promise<T> {
    checkArguments(name, given);
    return (await this.#connected()).call<T>(name, given);
  }

  async *stream<Row>(
    name: CommandName,
    given: Record<string, unknown> = {},
  ): AsyncGenerator<Row[], unknown, void> {
    checkArguments(name, given);
    return yield* (await this.#connected()).stream<Row>(name, given);
  }

  close(): void {
    this.#client?.then(
      (client) => client.close(),
      () => {},
    );
  }

  #connected(): Promise<ControlClient> {
    return (this.#client ??= ControlClient.connect(this.#control));
  }
}

function checkNeededOptions(command: Command, given: Record<string, unknown>): void {
  for (const [name, option] of Object.entries(command.options ?? {})) {
    if (!option.needed || given[name] !== undefined) continue;
    throw new UsageError(`--${name} ${option.value} is missing: ${usage(command)}`);
  }
}

function strictParse(command: Command, words: readonly string[], commands: readonly Command[]) {
  const options = parseOptions(optionsOf(command));
  checkOptionNames(command, words, commands);
  try {
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
    return { options: values, positionals };
  } catch (error) {
    const text = (error as Error).message.split(/\.\s|\n/)[0]!;
    throw new UsageError(`${command.name}: ${text}; see "chassis ${command.name} --help"`);
  }
}

function checkOptionNames(command: Command, words: readonly string[], commands: readonly Command[]): void {
  const names = Object.keys(optionsOf(command));
  const all: ParseOptions = {};
  for (const other of commands) Object.assign(all, parseOptions(optionsOf(other)));
  const { tokens } = parseArgs({
    args: [...words],
    options: all,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind !== 'option' || names.includes(token.name)) continue;
    const near = nearest(token.name, names);
    const hint = near ? `did you mean "--${near}"?` : `see "chassis ${command.name} --help"`;
    throw new UsageError(`${command.name} has no option "${token.rawName}"; ${hint}`);
  }
}

function checkOperands(command: Command, given: readonly string[], commands: readonly Command[]): void {
  const operands = command.operands ?? [];
  const missing = operands.find((operand, index) => !operand.optional && given[index] === undefined);
  if (missing) throw new UsageError(`${missing.name} is missing: ${usage(command)}`);
  if (operands.some((operand) => operand.rest) || given.length <= operands.length) return;
  const extra = given[operands.length]!;
  // `chassis show blabla` is a command that does not exist rather than one word too many.
  if (operands.length === 0 && commands.some(({ name }) => name.startsWith(`${command.name} `))) {
    throw new UsageError(unknownCommand([command.name, extra], commands));
  }
  throw new UsageError(`"${extra}" is one word too many: ${usage(command)}`);
}
