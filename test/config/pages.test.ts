/** Whatever the README and docs/ show of a configuration is right as it stands, but for names of what they leave out. */
import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { parseConfiguration } from '../../src/config/parse.ts';

/** Files that they speak of. */
const FILES: Readonly<Record<string, string>> = {
  'customer-a.txt': '198.51.100.0/24\n',
  'my-policy.ts': "export const importFromCustomers = (route) => 'accept';\n",
};
/** A group, a policy or a set that another passage has. */
const ELSEWHERE = /^there is no (group|policy|.* set) /;

function read(path: string): string {
  const text = FILES[path.split('/').at(-1) as string];
  if (text === undefined) throw new Error(`no page speaks of ${path}`);
  return text;
}

test('the configurations of the README and of docs/ are right', (t) => {
  const pages = ['README.md', ...readdirSync('docs').map((page) => `docs/${page}`)];
  const blocks = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text as string),
  );
  const configurations = blocks.filter((text) => !text.startsWith('# examples.yaml'));
  t.true(configurations.length > 10);
  for (const text of configurations) {
    const identity = '  as: 65000\n  id: 192.0.2.1\n';
    const whole = !/^router:/m.test(text)
      ? `router:\n${identity}${text}`
      : /^ {2}as:/m.test(text)
        ? text
        : text.replace(/^router:\n/m, (start) => start + identity);
    const { mistakes = [] } = parseConfiguration(whole, 'graftd.yaml', read);
    t.deepEqual(
      mistakes.filter(({ message }) => !ELSEWHERE.test(message)),
      [],
      text,
    );
  }
});
