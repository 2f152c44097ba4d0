/**
 * The forms that a value in the configuration can have: a scalar, a list, a section of keys. A section is a
 * table, one row a key; the JSON Schema, the checks, the defaults and the TypeScript types all derive from it.
 */

export type JsonSchema = { readonly [keyword: string]: unknown };

/** What is wrong with a value, to be read after its key: `hold-time: must be …`. */
export class Wrong {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export interface Scalar<T> {
  readonly form: 'scalar';
  readonly schema: JsonSchema;
  /** `source` is the text as it stands in the file: YAML has made a number of `1.10`. */
  read(value: unknown, source: string): T | Wrong;
}

export interface List<S extends Shape> {
  readonly form: 'list';
  readonly item: S;
  readonly atLeastOne: boolean;
}

export interface Section<K extends Keys> {
  readonly form: 'section';
  /** For messages: `a neighbour`. */
  readonly title: string;
  readonly keys: K;
}

// biome-ignore lint/suspicious/noExplicitAny: a table holds rows of all types.
export type Shape = Scalar<any> | List<any> | Section<any>;

/** The value that reading a shape gives. */
export type Value<S> =
  S extends Scalar<infer T>
    ? T
    : S extends List<infer I>
      ? Value<I>[]
      : S extends Section<infer K>
        ? Values<K>
        : never;

/** A row of a section. `Present` says that the value is there after reading: required, or with a default. */
export interface Key<S extends Shape = Shape, Present extends boolean = boolean> {
  readonly shape: S;
  readonly doc: string;
  readonly required: boolean;
  /** As it would stand in the file. */
  readonly default: unknown;
  /** The default is another one on another machine. */
  readonly ofMachine?: boolean;
  readonly present: Present;
}

export interface Keys {
  readonly [name: string]: Key;
}

interface RowText {
  readonly doc: string;
}

export function required<S extends Shape>(shape: S, row: RowText): Key<S, true> {
  return { shape, doc: row.doc, required: true, default: undefined, present: true };
}

export function optional<S extends Shape>(shape: S, row: RowText): Key<S, false> {
  return { shape, doc: row.doc, required: false, default: undefined, present: false };
}

export function defaulted<S extends Shape>(
  shape: S,
  row: RowText & { readonly default: unknown; readonly ofMachine?: boolean },
): Key<S, true> {
  const { doc, ofMachine = false } = row;
  return { shape, doc, required: false, default: row.default, ofMachine, present: true };
}

export function list<S extends Shape>(item: S, atLeastOne = false): List<S> {
  return { form: 'list', item, atLeastOne };
}

export function section<K extends Keys>(title: string, keys: K): Section<K> {
  return { form: 'section', title, keys };
}

/** `local-address` in the file is `localAddress` in the program. */
export type Camel<S> = S extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;

export function camel(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** An object with a property for every key that is there. */
export type Values<K extends Keys> = Flat<
  { [N in keyof K as K[N]['present'] extends true ? Camel<N> : never]: Value<K[N]['shape']> } & {
    [N in keyof K as K[N]['present'] extends true ? never : Camel<N>]?: Value<K[N]['shape']>;
  }
>;

type Flat<T> = { [N in keyof T]: T[N] };
