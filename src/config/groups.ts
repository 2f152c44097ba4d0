/**
 * `groups:` are keys of neighbours under a name; `group: NAME` takes them over, in a neighbour or in another group. What is nearer
 * counts: the neighbour's own keys, its group's, those of the group's group, the defaults, the table.
 */
import { isMap, isScalar, type Node, type YAMLMap } from 'yaml';
import { neighborSection } from './keys.ts';
import { suggestion } from './nearest.ts';
import { join, type Raw, type Reader } from './reader.ts';
import type { Keys, Section } from './shapes.ts';

/** What a group can say: all but who the neighbour is. */
export function groupSection(title = 'a group'): Section<Keys> {
  const { address: _, ...keys } = neighborSection.keys;
  return { ...neighborSection, title, keys };
}

export const GROUP_NAME = /^[A-Za-z][\w-]*$/;

export class Groups {
  readonly #reader: Reader;
  readonly #own = new Map<string, Raw>();
  readonly #whole = new Map<string, Raw>();

  constructor(reader: Reader, root: YAMLMap | undefined) {
    this.#reader = reader;
    const child = root && reader.child(root, 'groups');
    const map = child && reader.mapping(child.node, 'groups', '"groups"');
    if (!isMap(map)) return;
    const names = map.items.map(({ key }) => (isScalar(key) ? String(key.value) : '?'));
    reader.checkKeys(map, 'groups', names, '"groups"');
    for (const [i, { value }] of map.items.entries()) this.#read(names[i] as string, value as Node | null);
    for (const name of this.#own.keys()) this.#resolve(name, []);
  }

  /** What the group that is named at a path says, with what it takes over itself. */
  keys(name: unknown, path: string): Raw {
    if (typeof name !== 'string') return {};
    const whole = this.#whole.get(name);
    if (whole !== undefined) return whole;
    const known = [...this.#own.keys()];
    const hint = known.length === 0 ? '; groups stand under "groups"' : suggestion(name, known);
    this.#reader.complain(join(path, 'group'), `there is no group "${name}"${hint}`);
    return {};
  }

  #read(name: string, node: Node | null): void {
    const path = join('groups', name);
    if (!GROUP_NAME.test(name)) {
      this.#reader.complain(path, `"${name}" is no name; letters, digits, - and _, a letter first`);
      return;
    }
    this.#own.set(name, this.#reader.section(node, path, groupSection(), 'part'));
  }

  #resolve(name: string, below: readonly string[]): Raw {
    const own = this.#own.get(name) as Raw;
    const known = this.#whole.get(name);
    if (known !== undefined) return known;
    const { group } = own;
    let above: Raw = {};
    if (typeof group === 'string' && this.#own.has(group)) {
      if (group === name || below.includes(group)) this.#goesRound(name, [...below, name, group]);
      else above = this.#resolve(group, [...below, name]);
    } else above = this.keys(group, join('groups', name));
    const whole = { ...above, ...own };
    this.#whole.set(name, whole);
    return whole;
  }

  #goesRound(name: string, way: readonly string[]): void {
    const round = way.slice(way.indexOf(way.at(-1) as string)).join(' → ');
    this.#reader.complain(join(join('groups', name), 'group'), `goes round in a circle: ${round}`);
  }
}
