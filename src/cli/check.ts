/** `chassis check`: every mistake of a configuration file with its line and column. */
import { answer, type Command } from './command.ts';
import { readConfiguration } from './files.ts';
import { count } from './format.ts';
import { UsageError } from './usage-error.ts';

export const checkCommand: Command = {
  name: 'check',
  summary: 'checks a configuration and says every mistake with its line and column',
  operands: [{ name: 'FILE', doc: 'the configuration, YAML', optional: true }],
  options: {
    json: { doc: 'the mistakes as JSON, for programs' },
    schema: { doc: 'prints the JSON Schema of the configuration instead, for editors' },
    keys: { doc: 'prints all keys of a configuration instead, as Markdown' },
  },
  example: 'check graftd.yaml',
  remote: false,
  async run(call) {
    if (call.flag('schema')) {
      const { configurationSchema } = await import('../config/schema.ts');
      return answer(call, configurationSchema(), (schema) => `${JSON.stringify(schema, null, 2)}\n`);
    }
    if (call.flag('keys')) {
      const { keysPage } = await import('../config/reference.ts');
      await call.terminal.out(keysPage());
      return 0;
    }
    const file = call.operands[0];
    if (file === undefined) throw new UsageError('FILE is missing: chassis check FILE');
    const { configuration, mistakes, lines } = await readConfiguration(file);
    if (call.flag('json')) await call.terminal.out(`${JSON.stringify(mistakes ?? [], null, 2)}\n`);
    else if (mistakes) call.terminal.err(lines.join('\n'));
    if (mistakes) return 2;
    const { router, chassis, neighbors } = configuration;
    const summary = [`AS ${router.as}`, count(chassis.blades, 'blade'), count(neighbors.length, 'neighbour')];
    if (!call.flag('json')) await call.terminal.out(`${file}: valid (${summary.join(', ')})\n`);
    return 0;
  },
};
