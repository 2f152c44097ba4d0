/** The help texts, made from the table of commands. */
import { type Command, type Option, optionsOf, usage } from './command.ts';
import type { Sheet } from './table.ts';
import { wrap } from './wrap.ts';

export function overview(commands: readonly Command[], { paint, width }: Sheet): string {
  const names = commands.map((command) => [usage(command), command.summary] as const);
  const more =
    '"chassis COMMAND --help" tells more, with an example. Exit status: 0 done, 1 failed, 2 wrong usage or configuration.';
  return `${paint('bold', 'chassis')}: runs a graftd router, and talks to one that runs

${list(names, width)}

${wrap(more, width)}
`;
}

export function commandHelp(command: Command, { paint, width }: Sheet): string {
  const operands = (command.operands ?? []).map(({ name, doc }) => [name, doc] as const);
  const options = Object.entries(optionsOf(command)).map(
    ([name, option]) => [optionText(name, option), option.doc] as const,
  );
  return `${paint('bold', usage(command))}
  ${wrap(command.summary, width - 2, '  ')}

${list([...operands, ...options], width)}

Example:
  chassis ${command.example}
`;
}

/** The commands that begin with these words: `show`. */
export function groupHelp(words: string, commands: readonly Command[], sheet: Sheet): string {
  return overview(
    commands.filter((command) => command.name === words || command.name.startsWith(`${words} `)),
    sheet,
  );
}

/** Names, and beside them what they stand for. */
function list(rows: readonly (readonly [name: string, doc: string])[], width: number): string {
  const names = Math.max(...rows.map(([name]) => name.length));
  const before = ' '.repeat(names + 4);
  return rows
    .map(([name, doc]) => `  ${name.padEnd(names)}  ${wrap(doc, width - before.length, before)}`)
    .join('\n');
}

function optionText(name: string, option: Option): string {
  return option.value ? `--${name} ${option.value}` : `--${name}`;
}
