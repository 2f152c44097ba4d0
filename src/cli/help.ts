/** The help texts, made from the table of commands. */
import { type Command, type Option, optionsOf, usage } from './command.ts';
import type { Paint } from './terminal.ts';

export function overview(commands: readonly Command[], paint: Paint): string {
  const width = Math.max(...commands.map((command) => usage(command).length));
  const lines = commands.map((command) => `  ${usage(command).padEnd(width)}  ${command.summary}`);
  return `${paint('bold', 'chassis')}: runs a graftd router, and talks to one that runs

${lines.join('\n')}

"chassis COMMAND --help" tells more, with an example. Exit status: 0 done, 1 failed, 2 wrong usage or configuration.
`;
}

export function commandHelp(command: Command, paint: Paint): string {
  const operands = (command.operands ?? []).map(({ name, doc }) => [name, doc] as const);
  const options = Object.entries(optionsOf(command)).map(
    ([name, option]) => [optionText(name, option), option.doc] as const,
  );
  const width = Math.max(...[...operands, ...options].map(([name]) => name.length));
  const lines = [...operands, ...options].map(([name, doc]) => `  ${name.padEnd(width)}  ${doc}`);
  return `${paint('bold', usage(command))}
  ${command.summary}

${lines.join('\n')}

Example:
  chassis ${command.example}
`;
}

/** The commands that begin with these words: `show`. */
export function groupHelp(words: string, commands: readonly Command[], paint: Paint): string {
  return overview(
    commands.filter((command) => command.name === words || command.name.startsWith(`${words} `)),
    paint,
  );
}

function optionText(name: string, option: Option): string {
  return option.value ? `--${name} ${option.value}` : `--${name}`;
}
