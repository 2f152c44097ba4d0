/**
 * Every key of the configuration as a page for people (docs/keys.md), made from the key tables as the JSON Schema is. Policies and sets
 * have a page of their own (docs/policy.md).
 */
import { chassisSection, neighborSection, rangeSection, routerSection, rpkiSection } from './keys.ts';
import type { Key, Keys, Section, Shape } from './shapes.ts';

export function keysPage(): string {
  const ranges = Object.fromEntries(
    Object.entries(rangeSection.keys as Keys).filter(([name]) => !(name in neighborSection.keys)),
  );
  return `# All keys of the configuration

Made by \`chassis check --keys\`. How they work together is told in [configuration](configuration.md).

${chapter('router', '', routerSection.keys)}
${chapter('chassis', '', chassisSection.keys)}
${chapter('rpki', '', rpkiSection.keys)}
${chapter('neighbors', 'Of each neighbour, but for `address` also under `defaults` and in `groups`.', neighborSection.keys)}
${chapter('neighbor-ranges', 'The keys of a neighbour, but for those that say where and how to call it, and these:', ranges)}`;
}

function chapter(name: string, about: string, keys: Keys): string {
  const text = about === '' ? '' : `${about}\n\n`;
  return `## ${name}\n\n${text}| key | default | what it says |\n|---|---|---|\n${rows('', keys).join('\n')}\n`;
}

function rows(above: string, keys: Keys): string[] {
  return Object.entries(keys).flatMap(([name, key]) => {
    const row = `| \`${above}${name}\` | ${defaultText(key)} | ${key.doc.replaceAll('|', '\\|')} |`;
    const within = sectionIn(key.shape);
    return within === undefined
      ? [row]
      : [row, ...rows(`${above}${name}${key.shape.form === 'list' ? '[]' : ''}.`, within.keys)];
  });
}

function defaultText(key: Key): string {
  if (key.required) return '(required)';
  if (key.ofMachine === true) return '(by machine)';
  return key.default === undefined ? '' : `\`${JSON.stringify(key.default)}\``;
}

/** The section that the value is, or each item of it. */
function sectionIn(shape: Shape): Section<Keys> | undefined {
  if (shape.form === 'section') return shape;
  return shape.form === 'list' && shape.item.form === 'section' ? shape.item : undefined;
}
