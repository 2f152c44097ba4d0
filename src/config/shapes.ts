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
  /** A value that is text is the name of one of these. */
  readonly among?: Names;
}

/** What the configuration gives names to, and where. */
export const NAMED = {
  policies: 'policy',
  'prefix-sets': 'prefix set',
  'as-path-sets': 'AS path set',
  'as-sets': 'set of ASes',
  'community-sets': 'community set',
  'large-community-sets': 'large community set',
  'ext-community-sets': 'extended community set',
  'neighbor-sets': 'neighbour set',
} as const;
export type Names = keyof typeof NAMED;

export interface List<S extends Shape> {
  readonly form: 'list';
  readonly item: S;
  readonly atLeastOne: boolean;
  /** The same may stand in it twice. */
  readonly repeats?: boolean;
}

export interface Section<K extends Keys> {
  readonly form: 'section';
  /** For messages: `a neighbour`. */
  readonly title: string;
  readonly keys: K;
}

/** A list, or one value that stands for a list of one. */
export interface Some<S extends Shape> {
  readonly form: 'some';
  readonly item: S;
}

/** Keys that are names, each with such a value. */
export interface Named<S extends Shape> {
  readonly form: 'named';
  readonly title: string;
  readonly item: S;
}

/** A list, or a section that says more. */
export interface Either<L extends Shape, S extends Shape> {
  readonly form: 'either';
  readonly list: L;
  readonly section: S;
}

export type Shape =
  // biome-ignore lint/suspicious/noExplicitAny: a table holds rows of all types.
  Scalar<any> | List<any> | Section<any> | Some<any> | Named<any> | Either<any, any>;

/** The value that reading a shape gives. */
export type Value<S> =
  S extends Scalar<infer T>
    ? T
    : S extends List<infer I>
      ? Value<I>[]
      : S extends Section<infer K>
        ? Values<K>
        : S extends Some<infer I>
          ? Value<I>[]
          : S extends Named<infer I>
            ? Record<string, Value<I>>
            : S extends Either<infer L, infer O>
              ? Value<L> | Value<O>
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

export function list<S extends Shape>(item: S, atLeastOne = false, repeats = false): List<S> {
  return { form: 'list', item, atLeastOne, repeats };
}

export function some<S extends Shape>(item: S): Some<S> {
  return { form: 'some', item };
}

export function named<S extends Shape>(title: string, item: S): Named<S> {
  return { form: 'named', title, item };
}

export function either<L extends Shape, S extends Shape>(aList: L, aSection: S): Either<L, S> {
  return { form: 'either', list: aList, section: aSection };
}

/** Names that people give. */
export const NAME = /^[A-Za-z][\w-]*$/;

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
