/** `chassis run`: a chassis in the foreground. The configuration is checked before anything is started. */
import type { Command } from './command.ts';
import { readText } from './files.ts';
import { loadChassis } from './load.ts';

export const runCommand: Command = {
  name: 'run',
  summary: 'runs a chassis in the foreground; SIGTERM ends it cleanly, SIGHUP reloads its configuration',
  operands: [{ name: 'FILE', doc: 'the configuration, YAML' }],
  example: 'run graftd.yaml',
  remote: false,
  async run(call) {
    const file = call.operands[0]!;
    const text = await readText(file);
    const { runChassis } = await loadChassis();
    return runChassis(file, text);
  },
};
