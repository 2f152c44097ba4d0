/** `chassis import frr`: an FRR configuration as one of ours, and what became of each line. */
import { existsSync } from 'node:fs';
import { OperationError } from '../chassis/operations.ts';
import type { Call, Command } from './command.ts';
import { readText, writeText } from './files.ts';
import { schemaLine } from './schema-line.ts';

export const importFrrCommand: Command = {
  name: 'import frr',
  summary:
    'makes a configuration out of a frr.conf or bgpd.conf; says why of each line that is not carried over',
  operands: [{ name: 'FILE', doc: 'frr.conf, bgpd.conf, or what "show running-config" prints' }],
  options: {
    vrf: { value: 'NAME', doc: 'the router of this VRF (or view); without it, the one of none' },
    output: { value: 'PATH', doc: 'write the configuration there; without it, to standard output' },
    force: { doc: 'write over a file that is there' },
    json: { doc: 'all of it as JSON, for programs' },
  },
  example: 'import frr /etc/frr/frr.conf --output graftd.yaml',
  remote: false,
  run: importFrr,
};

async function importFrr(call: Call): Promise<number> {
  const file = call.operands[0] as string;
  const { convertFrr } = await import('../frr/convert.ts');
  const { neighborKeys, routerKeys } = await import('../config/keys.ts');
  const { formatMistake, parseConfiguration } = await import('../config/parse.ts');
  const text = await readText(file);
  const output = call.value('output');
  if (output !== undefined && existsSync(output) && !call.flag('force')) {
    throw new OperationError(`${output} is there already; --force writes over it`);
  }
  const vrf = call.value('vrf');
  const routers = [...text.matchAll(/^router bgp \S+ (?:vrf|view) (\S+)/gm)].map(
    ([, name]) => name as string,
  );
  if (vrf !== undefined && !routers.includes(vrf)) {
    const found =
      routers.length === 0 ? 'no router of a VRF' : `those of ${[...new Set(routers)].join(', ')}`;
    throw new OperationError(`${file} has no router of VRF ${vrf}, but ${found}`);
  }
  const converted = convertFrr(
    text,
    new Set(Object.keys(neighborKeys)),
    new Set(Object.keys(routerKeys)),
    vrf,
  );
  const lines = converted.carried + converted.left.length;
  if (lines === 0) throw new OperationError(`${file} says nothing about BGP`);
  const made = { ...converted, yaml: schemaLine(output ?? 'graftd.yaml') + converted.yaml };
  const { mistakes = [] } = parseConfiguration(made.yaml, output ?? 'graftd.yaml');
  if (call.flag('json')) await call.terminal.out(`${JSON.stringify({ ...made, mistakes }, null, 2)}\n`);
  else if (output === undefined) await call.terminal.out(made.yaml);
  if (output !== undefined) await writeText(output, made.yaml);
  if (call.flag('json')) return 0;
  for (const { line, text, reason } of made.left) call.terminal.err(`${file}:${line}: ${text}: ${reason}`);
  const share = `${made.carried} of ${lines} lines about BGP carried over, ${made.left.length} not`;
  call.terminal.err(`${share}; ${made.notes.length} to look at, which the file names`);
  for (const mistake of mistakes) {
    call.terminal.err(`still to be done: ${formatMistake(output ?? 'graftd.yaml', mistake)}`);
  }
  return 0;
}
