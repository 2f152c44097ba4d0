/**
 * Text in, configuration or the list of all mistakes out; nothing is opened, and no file is read but those of prefix sets.
 *
 *    text -> YAML document with places -> reader (keys.ts) -> draft -> rules.ts -> Configuration
 *
 * Where the YAML itself is broken only that is said: what the rest of such a file means is a guess, and
 * mistakes found in a guess would lead astray. A key that stands twice is no such case.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LineCounter, type Node, parseDocument, type YAMLMap, type YAMLParseError } from 'yaml';
import { CodeError } from '../policy/code.ts';
import type { PolicyDefinition } from '../policy/language.ts';
import { addressFamily, ipv4ToU32 } from './address.ts';
import { codeDefinition } from './code.ts';
import type {
  Configuration,
  Draft,
  NeighborConfiguration,
  NeighborValues,
  RangeConfiguration,
  RangeValues,
} from './configuration.ts';
import { Groups, groupSection } from './groups.ts';
import { checkInVain } from './in-vain.ts';
import { chassisSection, neighborSection, rangeSection, routerSection, rpkiSection } from './keys.ts';
import { isCodeReference } from './kinds.ts';
import { Policies, type PolicyValues, type ReadText } from './policies.ts';
import { policyKeys } from './policy-keys.ts';
import { type Mistake, type Raw, Reader } from './reader.ts';
import { checkRules } from './rules.ts';
import { camel, type Keys, NAMED, type Names, type Section } from './shapes.ts';

export type { Mistake } from './reader.ts';

export type Parsed =
  | { readonly configuration: Configuration; readonly mistakes?: never }
  | { readonly mistakes: Mistake[]; readonly configuration?: never };

/** What `fileName` is for: relative paths in the file start from its folder. */
export function parseConfiguration(text: string, fileName: string, read: ReadText = readText): Parsed {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const reader = new Reader(document, lines);
  for (const error of document.errors) reader.complainAt(error.pos[0], '', yamlMessage(error));
  const broken = document.errors.some((error) => error.code !== 'DUPLICATE_KEY');
  const folder = dirname(resolve(fileName));
  const complain = (path: string, message: string): void => reader.complain(path, message);
  const draft = broken ? undefined : readDraft(reader, document.contents, folder);
  if (draft) checkRules(draft, complain);
  if (draft && reader.mistakes.length === 0) {
    const values = draft.policies as PolicyValues;
    const written = new Policies(values, folder, read, complain);
    checkInVain(draft, values.policies, complain);
    const policies = [...written.definitions(), ...codeDefinitions(draft, folder, read, complain, written)];
    if (reader.mistakes.length === 0) return { configuration: complete(draft, policies) };
  }
  return { mistakes: reader.mistakes.sort((a, b) => a.line - b.line || a.column - b.column) };
}

/** Of the policies in TypeScript that neighbours name; one for each function. */
function codeDefinitions(
  { neighbors, neighborRanges }: Draft,
  folder: string,
  read: ReadText,
  complain: (path: string, message: string) => void,
  written: Policies,
): PolicyDefinition[] {
  const found = new Map<string, PolicyDefinition | undefined>();
  const look = (path: string, name: string | undefined): void => {
    if (name === undefined || !isCodeReference(name) || found.has(name)) return;
    found.set(name, undefined);
    try {
      found.set(name, codeDefinition(name, folder, read, written));
    } catch (error) {
      if (!(error instanceof CodeError)) throw error;
      complain(path, error.message);
    }
  };
  for (const [section, list] of Object.entries({ neighbors, 'neighbor-ranges': neighborRanges }))
    for (const [i, keys] of list.entries()) {
      look(`${section}[${i}].import`, keys.import);
      look(`${section}[${i}].export`, keys.export);
    }
  return [...found.values()].filter((definition) => definition !== undefined);
}

/** `file:line:column: path: message`, which editors and terminals can jump to. */
export function formatMistake(fileName: string, mistake: Mistake): string {
  const path = mistake.path === '' ? '' : `${mistake.path}: `;
  return `${fileName}:${mistake.line}:${mistake.column}: ${path}${mistake.message}`;
}

const SECTIONS = [
  'router',
  'chassis',
  'rpki',
  'defaults',
  'groups',
  'neighbors',
  'neighbor-ranges',
  ...Object.keys(policyKeys),
];

function readDraft(reader: Reader, contents: Node | null, folder: string): Draft | undefined {
  const before = reader.mistakes.length;
  const root = reader.mapping(contents, '', 'a configuration');
  if (!root && reader.mistakes.length > before) return undefined;
  if (root) reader.checkKeys(root, '', SECTIONS, 'the configuration');
  if (root) for (const names of Object.keys(NAMED)) reader.noteNames(names as Names, root);
  const policies: Raw = {};
  for (const [name, { shape }] of Object.entries(policyKeys)) {
    const child = root && reader.child(root, name);
    if (child) policies[camel(name)] = reader.value(child.node, name, shape);
  }
  const router = readSection(reader, root, 'router', routerSection);
  const chassis = readSection(reader, root, 'chassis', chassisSection);
  for (const name of ['control', 'state']) {
    if (typeof chassis[name] === 'string') chassis[name] = resolve(folder, chassis[name]);
  }
  const rpki = readSection(reader, root, 'rpki', rpkiSection);
  const defaults = readDefaults(reader, root);
  const groups = new Groups(reader, root);
  const neighbors = readNeighbors(reader, root, 'neighbors', neighborSection, defaults, groups);
  const neighborRanges = readNeighbors(reader, root, 'neighbor-ranges', rangeSection, defaults, groups);
  return { router, chassis, rpki, neighbors, neighborRanges, policies } as Draft;
}

function readSection(reader: Reader, root: YAMLMap | undefined, name: string, section: Section<Keys>): Raw {
  return reader.section((root && reader.child(root, name)?.node) ?? null, name, section, 'whole');
}

/** Any key of a neighbour but its address. */
function readDefaults(reader: Reader, root: YAMLMap | undefined): Raw {
  const node = (root && reader.child(root, 'defaults')?.node) ?? null;
  return reader.section(node, 'defaults', groupSection('"defaults"'), 'part');
}

/** What the neighbour says, else what its group and the defaults say, else what the table says. */
function readNeighbors(
  reader: Reader,
  root: YAMLMap | undefined,
  name: string,
  section: Section<Keys>,
  defaults: Raw,
  groups: Groups,
): Raw[] {
  const node = (root && reader.child(root, name)?.node) ?? null;
  const items = reader.items(node, name) ?? [];
  return items.map((item, index) => {
    const path = `${name}[${index}]`;
    const own = reader.section(item, path, section, 'part');
    const group = own.group ?? defaults.group;
    const values = { ...defaults, ...groups.keys(group, path), ...own };
    reader.fill(values, path, section);
    return values;
  });
}

/** Of a draft without mistakes. */
function complete({ policies: _, ...draft }: Draft, policies: PolicyDefinition[]): Configuration {
  const whole = withoutUndefined(draft) as unknown as Omit<Configuration, 'neighbors' | 'neighborRanges'> & {
    neighbors: NeighborValues[];
    neighborRanges: RangeValues[];
  };
  const { router, chassis, rpki } = whole;
  return {
    router: { ...router, idNumber: ipv4ToU32(router.id) },
    chassis,
    rpki,
    neighbors: whole.neighbors.map((neighbor) => completeNeighbor(neighbor, router.as, policies)),
    neighborRanges: whole.neighborRanges.map((range) => completeRange(range, router.as, policies)),
    policies,
  };
}

/** What its members are: they call, from the port that they like. */
function completeRange(
  { range, limit, idleTime, ...keys }: RangeValues,
  ownAs: number,
  policies: readonly PolicyDefinition[],
): RangeConfiguration {
  const member = { ...keys, address: range.split('/')[0] as string, port: 179, passive: true };
  const { address: _, ...template } = completeNeighbor(member, ownAs, policies);
  return { range, limit, idleTime, template };
}

function completeNeighbor(
  neighbor: NeighborValues,
  ownAs: number,
  policies: readonly PolicyDefinition[],
): NeighborConfiguration {
  const external = neighbor.as !== ownAs;
  // RFC 8212: an eBGP neighbour without a policy gives and gets nothing.
  const unsaid = external ? 'reject' : 'accept';
  return {
    ...neighbor,
    external,
    families: neighbor.families ?? [addressFamily(neighbor.address)],
    import: neighbor.import ?? unsaid,
    export: neighbor.export ?? unsaid,
    ...policyKey(policies, 'importPolicy', neighbor.import),
    ...policyKey(policies, 'exportPolicy', neighbor.export),
  };
}

function policyKey<N extends 'importPolicy' | 'exportPolicy'>(
  policies: readonly PolicyDefinition[],
  name: N,
  policy: string | undefined,
): { [K in N]?: string } {
  const key = policies.find((definition) => definition.name === policy)?.key;
  return key === undefined ? {} : ({ [name]: key } as { [K in N]?: string });
}

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

function withoutUndefined(value: object): object {
  return JSON.parse(JSON.stringify(value));
}

/** The usual ways to break YAML, in words that say what to do. */
const YAML_HINTS: Record<string, string> = {
  DUPLICATE_KEY: 'this key stands twice in one section; keep one of them',
  TAB_AS_INDENT: 'a tab cannot indent in YAML; use spaces',
  MULTIPLE_DOCS: 'there is a second document after "---"; a configuration is one document',
};

function yamlMessage(error: YAMLParseError): string {
  const hint = YAML_HINTS[error.code];
  if (hint) return hint;
  const message = error.message.split('\n')[0]!.replace(/[.:]?$/, '');
  if (error.code === 'UNEXPECTED_TOKEN') {
    return `not YAML: ${message}; put a value that begins with [ or { or holds ": " in quotes`;
  }
  return `not YAML: ${message}; check the indentation and the quotes here`;
}
