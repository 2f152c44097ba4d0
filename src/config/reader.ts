/**
 * Walks the YAML document along the key tables. Every mistake is noted with its place, and the walk goes on:
 * what was wrong is `undefined` in the values, so that later rules keep quiet about it.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type YAMLMap,
} from 'yaml';
import { isCodeReference, POLICY_NAMES, shown } from './kinds.ts';
import { suggestion } from './nearest.ts';
import {
  camel,
  type Keys,
  type List,
  NAME,
  NAMED,
  type Named,
  type Names,
  type Scalar,
  type Section,
  type Shape,
  Wrong,
} from './shapes.ts';

/** One thing that is wrong with a configuration file. Lines and columns count from 1. */
export interface Mistake {
  line: number;
  column: number;
  /** Where in the structure: `neighbors[2].hold-time`, `policies.p statement 1.if`; empty for the file as a whole. */
  path: string;
  /** What is wrong and what to do. */
  message: string;
}

export type Raw = Record<string, unknown>;

/** Whether a section is to be complete (required keys, defaults), or holds only what it says. */
export type Completeness = 'whole' | 'part';

export class Reader {
  readonly mistakes: Mistake[] = [];
  readonly #document: Document;
  readonly #lines: LineCounter;
  /** Where each path begins in the text. */
  readonly #places = new Map<string, number>();
  readonly #names = new Map<Names, readonly string[]>();

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  /** Notes a mistake at a path, or at the nearest section above it that is in the file. */
  complain(path: string, message: string): void {
    let at = path;
    while (at !== '' && !this.#places.has(at)) at = at.replace(/(\.|\[|^)[^.[]*$/, '');
    this.complainAt(this.#places.get(at) ?? 0, path, message);
  }

  complainAt(offset: number, path: string, message: string): void {
    const { line, col } = this.#lines.linePos(offset);
    this.mistakes.push({ line: Math.max(1, line), column: Math.max(1, col), path: asTold(path), message });
  }

  /** The node below a key of a mapping, or undefined. */
  child(map: YAMLMap, name: string): { node: Node | null } | undefined {
    const pair = map.items.find((item) => isScalar(item.key) && item.key.value === name);
    return pair ? { node: pair.value as Node | null } : undefined;
  }

  /** A mapping, or undefined (with the mistake noted) for anything else; nothing at all is an empty mapping. */
  mapping(node: Node | null, path: string, title: string): YAMLMap | undefined {
    const real = this.#resolve(node, path);
    if (isMap(real)) return real;
    if (real === null || (isScalar(real) && real.value === null)) return undefined;
    this.complain(path, `must be ${title}: keys with values below, each as "key: value"`);
    return undefined;
  }

  /** Says so for every key that is not one of `names`, and remembers where the others stand. */
  checkKeys(map: YAMLMap, path: string, names: readonly string[], title: string): void {
    for (const { key, value } of map.items) {
      const name = isScalar(key) ? String(key.value) : '?';
      const offset = (key as Node).range?.[0] ?? 0;
      const below = join(path, name);
      if (names.includes(name)) {
        const at = (value as Node | null)?.range?.[0] ?? offset;
        if (!this.#places.has(below)) this.#places.set(below, at);
        continue;
      }
      const hint = name === '<<' ? '; graftd has no merge keys, use "defaults"' : suggestion(name, names);
      this.complainAt(offset, below, `"${shown(name)}" is not a key of ${title}${hint}`);
    }
  }

  section(node: Node | null, path: string, section: Section<Keys>, completeness: Completeness): Raw {
    const before = this.mistakes.length;
    const map = this.mapping(node, path, section.title);
    const refused = map === undefined && this.mistakes.length > before;
    const values: Raw = {};
    if (map) this.checkKeys(map, path, Object.keys(section.keys), section.title);
    for (const [name, key] of Object.entries(section.keys)) {
      const child = map && this.child(map, name);
      if (child) values[camel(name)] = this.value(child.node, join(path, name), key.shape);
      else if (refused) values[camel(name)] = undefined;
    }
    if (completeness === 'whole') this.fill(values, path, section);
    return values;
  }

  /** Puts in what absent keys are worth, and says which are missing. */
  fill(values: Raw, path: string, section: Section<Keys>): void {
    for (const [name, key] of Object.entries(section.keys)) {
      if (camel(name) in values) continue;
      if (key.default !== undefined) values[camel(name)] = presetValue(key.shape, key.default);
      if (!key.required) continue;
      values[camel(name)] = undefined;
      this.complain(join(path, name), `is missing. ${key.doc}`);
    }
  }

  value(node: Node | null, path: string, shape: Shape): unknown {
    switch (shape.form) {
      case 'scalar':
        return this.#scalar(node, path, shape);
      case 'list':
        return this.#list(node, path, shape);
      case 'section':
        return this.section(node, path, shape, 'whole');
      case 'some':
        return isSeq(this.#resolve(node, path))
          ? this.#list(node, path, { form: 'list', item: shape.item, atLeastOne: true })
          : oneOf(this.value(node, path, shape.item));
      case 'named':
        return this.#named(node, path, shape);
      case 'either':
        return this.value(node, path, isMap(this.#resolve(node, path)) ? shape.section : shape.list);
    }
  }

  #named(node: Node | null, path: string, { title, item }: Named<Shape>): Raw {
    const values: Raw = {};
    const map = this.mapping(node, path, title);
    if (map === undefined) return values;
    const names = map.items.map(({ key }) => (isScalar(key) ? String(key.value) : '?'));
    this.checkKeys(map, path, names, title);
    map.items.forEach(({ value }, i) => {
      const name = names[i] as string;
      const below = join(path, name);
      if (!NAME.test(name))
        this.complain(below, `"${name}" is no name; letters, digits, - and _, a letter first`);
      values[name] = this.value(value as Node | null, below, item);
    });
    return values;
  }

  /** The names that are given to things of one kind, for whoever refers to them. */
  noteNames(names: Names, root: YAMLMap): void {
    const node = this.child(root, names)?.node;
    if (!isMap(node)) return;
    this.#names.set(
      names,
      node.items.map(({ key }) => (isScalar(key) ? String(key.value) : '?')),
    );
  }

  #scalar(node: Node | null, path: string, shape: Scalar<unknown>): unknown {
    const real = this.#resolve(node, path);
    if (real !== null && !isScalar(real)) {
      const hint = isSeq(real) ? '; a value that begins with [ needs quotes' : '';
      this.complain(path, `must be a single value${hint}`);
      return undefined;
    }
    if (real === null || real.value === null) {
      this.complain(path, 'has no value; give one or remove the key');
      return undefined;
    }
    const read = shape.read(real.value, real.source ?? String(real.value));
    if (read instanceof Wrong) {
      this.complain(path, read.message);
      return undefined;
    }
    return shape.among === undefined || typeof read !== 'string' || this.#isName(read, path, shape.among)
      ? read
      : undefined;
  }

  #isName(name: string, path: string, among: Names): boolean {
    const given = this.#names.get(among) ?? [];
    const known = among === 'policies' ? [...POLICY_NAMES, ...given] : given;
    // A function of a file; whether there is one is found when the file is read (code.ts).
    if (among === 'policies' && isCodeReference(name)) return true;
    if (known.includes(name)) return true;
    const hint = known.length === 0 ? `; they stand under "${among}"` : suggestion(name, known);
    this.complain(path, `there is no ${NAMED[among]} "${shown(name)}"${hint}`);
    return false;
  }

  #list(node: Node | null, path: string, shape: List<Shape>): unknown[] | undefined {
    const items = this.items(node, path);
    if (items === undefined) return undefined;
    if (shape.atLeastOne && items.length === 0) {
      this.complain(path, 'must name at least one, or be left out');
      return undefined;
    }
    const wrong: number[] = [];
    const values = items.map((item, index) => {
      const before = this.mistakes.length;
      const value = this.value(item, `${path}[${index}]`, shape.item);
      if (this.mistakes.length > before) wrong.push(index);
      return value;
    });
    // What is left of a wrong one may be equal to another.
    if (shape.repeats !== true)
      this.#complainOfRepetition(
        path,
        values.map((value, index) => (wrong.includes(index) ? undefined : value)),
      );
    return values.includes(undefined) ? undefined : values;
  }

  #complainOfRepetition(path: string, values: readonly unknown[]): void {
    const seen = new Set<string>();
    values.forEach((value, index) => {
      const text = JSON.stringify(value);
      if (text !== undefined && seen.has(text))
        this.complain(`${path}[${index}]`, 'stands twice in the list');
      seen.add(text);
    });
  }

  /** The nodes of a list; nothing at all is an empty list. */
  items(node: Node | null, path: string): (Node | null)[] | undefined {
    const real = this.#resolve(node, path);
    if (real === null || (isScalar(real) && real.value === null)) return [];
    if (!isSeq(real)) {
      this.complain(path, 'must be a list: [one, two], or a line with "- " for each');
      return undefined;
    }
    real.items.forEach((item, index) => {
      this.#places.set(`${path}[${index}]`, (item as Node | null)?.range?.[0] ?? real.range?.[0] ?? 0);
    });
    return real.items as (Node | null)[];
  }

  /** Follows an alias (`*name`) to what it stands for. */
  #resolve(node: Node | null, path: string): Node | null {
    if (!isAlias(node)) return node;
    const target = node.resolve(this.#document);
    if (target === undefined) this.complain(path, `there is no anchor &${node.source} above this`);
    return target ?? null;
  }
}

/** Statements of policies count from 1 wherever they are told of: `show routes --why` says which one decided. */
function asTold(path: string): string {
  return path.replace(
    /^(policies\.[^.[]+)\[(\d+)\]/,
    (_, policy, i) => `${policy} statement ${Number(i) + 1}`,
  );
}

function oneOf(value: unknown): unknown[] | undefined {
  return value === undefined ? undefined : [value];
}

export function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** Defaults stand in the tables as they would in the file. */
function presetValue(shape: Shape, preset: unknown): unknown {
  if (shape.form === 'scalar') return shape.read(preset, String(preset));
  return (preset as unknown[]).map((item) => presetValue((shape as List<Shape>).item, item));
}
