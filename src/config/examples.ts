/**
 * A file of examples for policies: a route in, what is expected of it. Read like a configuration, with the place of every mistake.
 *
 *   configuration: graftd.yaml
 *   examples:
 *     - policy: from-customer
 *       neighbor: 192.0.2.2
 *       route: {prefix: 198.51.100.0/24, as-path: 64500 64501, community: [64500:1]}
 *       expect: {local-pref: 200, community: [65000:100]}          # or: accept, reject
 */
import { resolve } from 'node:path';
import { LineCounter, type Node, parseDocument } from 'yaml';
import { parseAddress, parsePrefix, withoutZone } from '../base/address.ts';
import { ANY_OTHER_AS } from '../bgp/open.ts';
import { type AttributeView, COMMUNITY_TYPE } from '../policy/attributes.ts';
import { COMMUNITY_SIZE, type CommunityKind, communityText } from '../policy/community.ts';
import type { NeighborContext } from '../policy/conditions.ts';
import { type ExampleRoute, exampleId, exampleSource, exampleView } from '../policy/example.ts';
import { Explainer } from '../policy/explain.ts';
import type { Validity } from '../rpki/table.ts';
import type { Configuration } from './configuration.ts';
import { address, asNumber, choice, filePath, integer, text } from './kinds.ts';
import { ORIGINS, VALIDITIES } from './policy-keys.ts';
import { communityValue } from './policy-kinds.ts';
import { type Mistake, Reader } from './reader.ts';
import {
  either,
  list,
  optional,
  required,
  type Scalar,
  section,
  some,
  type Values,
  Wrong,
} from './shapes.ts';

const prefix: Scalar<string> = {
  form: 'scalar',
  schema: { type: 'string' },
  read: (_, source) =>
    parsePrefix(source) === undefined ? new Wrong(`must be a prefix, not ${source}`) : source,
};

/** `64500 3356 {64510,64511}` */
const asPath: Scalar<string> = {
  form: 'scalar',
  schema: { type: ['string', 'integer'] },
  read: (_, source) =>
    /^(\d+( \d+)*)?( ?\{\d+([ ,]\d+)*\})?$/.test(source.trim())
      ? source.trim()
      : new Wrong(`must be ASes like 64500 3356 {64510,64511}, not ${source}`),
};

const attributeKeys = {
  'as-path': optional(asPath, { doc: 'The path.' }),
  origin: optional(choice(ORIGINS, 'origin'), { doc: 'ORIGIN.' }),
  'next-hop': optional(address, { doc: 'The next hop.' }),
  med: optional(integer(0, 0xffffffff), { doc: 'MULTI_EXIT_DISC.' }),
  'local-pref': optional(integer(0, 0xffffffff), { doc: 'LOCAL_PREF.' }),
  weight: optional(integer(0, 0xffffffff), {
    doc: "The weight; of a route the neighbour's, where the policy is for what it tells.",
  }),
  community: optional(some(communityValue('community')), { doc: 'Communities.' }),
  'large-community': optional(some(communityValue('large-community')), { doc: 'Large communities.' }),
  'ext-community': optional(some(communityValue('ext-community')), { doc: 'Extended communities.' }),
};

const exampleKeys = {
  name: optional(text, { doc: 'A name for people.' }),
  policy: required(text, { doc: 'The policy to try.' }),
  neighbor: optional(address, {
    doc: 'The neighbour that the policy is used for: one of the configuration.',
  }),
  as: optional(asNumber, { doc: 'The AS of the neighbour, where it is none of the configuration.' }),
  'learned-from': optional(address, { doc: 'The neighbour that told the route, where that is another one.' }),
  route: required(
    section('a route', {
      prefix: required(prefix, { doc: 'The prefix.' }),
      rpki: optional(choice(VALIDITIES, 'validity'), { doc: 'What the RPKI says of it; not-found.' }),
      ...attributeKeys,
    }),
    { doc: 'The route.' },
  ),
  expect: required(
    either(choice(['accept', 'reject'] as const, 'result'), section('what is expected', attributeKeys)),
    { doc: 'accept, reject, or the attributes of the accepted route.' },
  ),
};

const fileSection = section('a file of examples', {
  configuration: optional(filePath, { doc: 'The configuration; relative to this file.' }),
  examples: required(list(section('an example', exampleKeys), true), { doc: 'The examples.' }),
});

export type Example = Values<typeof exampleKeys>;
type Attributes = Values<typeof attributeKeys>;

export interface ExampleFile {
  /** Absolute. */
  readonly configuration?: string;
  readonly examples: readonly Example[];
}

export function parseExamples(
  content: string,
  folder: string,
):
  | { readonly file: ExampleFile; readonly mistakes?: never }
  | { readonly mistakes: Mistake[]; readonly file?: never } {
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines, prettyErrors: false });
  const reader = new Reader(document, lines);
  for (const error of document.errors) reader.complainAt(error.pos[0], '', `not YAML: ${error.message}`);
  const values =
    document.errors.length > 0
      ? undefined
      : reader.section(document.contents as Node | null, '', fileSection, 'whole');
  if (values === undefined || reader.mistakes.length > 0) return { mistakes: reader.mistakes };
  const { configuration, examples } = values as { configuration?: string; examples: Example[] };
  return {
    file: {
      ...(configuration === undefined ? {} : { configuration: resolve(folder, configuration) }),
      examples,
    },
  };
}

/** What came of an example. */
export interface ExampleResult {
  readonly name: string;
  readonly passed: boolean;
  readonly accepted: boolean;
  /** The statement that decided. */
  readonly by: string;
  /** What is not as expected. */
  readonly differences: readonly string[];
}

export function tryExample(configuration: Configuration, example: Example, index: number): ExampleResult {
  const route = exampleRoute(example.route);
  // A route that another neighbour told has what that made of it.
  const weight = example.learnedFrom === undefined ? example.route.weight : (example.route.weight ?? 0);
  const neighbor = contextOf(configuration, example.neighbor, example.as, weight);
  const from = example.learnedFrom === undefined ? neighbor : contextOf(configuration, example.learnedFrom);
  const validity = VALIDITIES.indexOf(example.route.rpki ?? 'not-found') as Validity;
  const explainer = new Explainer(exampleSource(route.prefix, from), configuration.policies, {
    validity: () => validity,
  });
  const { accepted, by, view } = explainer.explain(
    example.policy,
    neighbor,
    exampleView(route),
    exampleId(route.prefix),
    0,
  );
  const differences: string[] = [];
  const { expect } = example;
  if (accepted !== (expect !== 'reject'))
    differences.push(
      `${accepted ? 'accepted' : 'rejected'}, not ${expect === 'reject' ? 'rejected' : 'accepted'}`,
    );
  else if (typeof expect === 'object') differences.push(...compare(expect as Attributes, view));
  const name = example.name ?? `${index + 1}: ${example.policy}, ${example.route.prefix}`;
  return { name, passed: differences.length === 0, accepted, by, differences };
}

function exampleRoute(values: Example['route']): ExampleRoute {
  const [, sequence = '', , set = ''] = /^([\d ]*?) ?(\{([\d ,]+)\})?$/.exec(values.asPath ?? '') ?? [];
  const parsed = parsePrefix(values.prefix) as NonNullable<ReturnType<typeof parsePrefix>>;
  const ipv6 = parsed.bytes.length === 16;
  const numbers = (list: string): number[] => list.split(/[ ,]+/).filter(Boolean).map(Number);
  return {
    prefix: parsed,
    path: numbers(sequence),
    set: numbers(set),
    origin: ORIGINS.indexOf(values.origin ?? 'igp'),
    nextHop: parseAddress(values.nextHop ?? (ipv6 ? '2001:db8::1' : '192.0.2.1')) as Uint8Array,
    med: values.med,
    localPref: values.localPref,
    communities: (values.community ?? []).flat(),
    largeCommunities: (values.largeCommunity ?? []).flat(),
    extCommunities: (values.extCommunity ?? []).flat(),
  };
}

function contextOf(
  { router, neighbors }: Configuration,
  text = '192.0.2.1',
  as = 0,
  weight?: number,
): NeighborContext {
  const known = neighbors.find((each) => each.address === text);
  // "as: external" is as the example says.
  const theirs = known === undefined || known.as === ANY_OTHER_AS ? as : known.as;
  const bytes = parseAddress(withoutZone(text)) as Uint8Array;
  return {
    address: bytes,
    as: theirs,
    external: theirs !== router.as,
    localAs: router.as,
    localRole: known?.localRole,
    weight: weight ?? known?.weight,
  };
}

/** One line for each attribute that was named and is another one. */
function compare(expected: Attributes, view: AttributeView): string[] {
  const found: string[] = [];
  const check = (what: string, should: string | number | undefined, is: string | number): void => {
    if (should !== undefined && String(should) !== String(is))
      found.push(`${what} is ${is === '' ? 'empty' : is}, not ${should === '' ? 'empty' : should}`);
  };
  check('as-path', expected.asPath?.replaceAll(/[ ,]+(?=[^{]*\})/g, ','), pathText(view));
  check('origin', expected.origin, ORIGINS[view.origin] ?? '');
  check('med', expected.med, view.med);
  check('local-pref', expected.localPref, view.localPref);
  check('weight', expected.weight, view.weight);
  if (expected.nextHop !== undefined) {
    const { at, octets } = view.nextHop;
    const is = view.bytes.slice(at, at + octets).join('.');
    check('next-hop', [...(parseAddress(expected.nextHop) ?? [])].join('.'), is);
  }
  const lists = {
    community: expected.community,
    'large-community': expected.largeCommunity,
    'ext-community': expected.extCommunity,
  };
  for (const [kind, wanted] of Object.entries(lists) as [
    CommunityKind,
    (readonly number[])[] | undefined,
  ][]) {
    if (wanted === undefined) continue;
    const texts = wanted.map((octets) => communityText(kind, Uint8Array.from(octets), 0)).sort();
    check(kind, texts.join(' '), communitiesOf(kind, view).sort().join(' '));
  }
  return found;
}

function communitiesOf(kind: CommunityKind, view: AttributeView): string[] {
  const texts: string[] = [];
  const type = COMMUNITY_TYPE[kind];
  for (let at = view.from(type); at < view.to(type); at += COMMUNITY_SIZE[kind])
    texts.push(communityText(kind, view.bytes, at));
  return texts;
}

function pathText(view: AttributeView): string {
  const { bytes } = view;
  const parts: string[] = [];
  for (let at = view.from(2); at < view.to(2); at += 2 + 4 * (bytes[at + 1] as number)) {
    const ases: number[] = [];
    const data = new DataView(bytes.buffer, bytes.byteOffset);
    for (let i = 0; i < (bytes[at + 1] as number); i++) ases.push(data.getUint32(at + 2 + 4 * i));
    parts.push(bytes[at] === 1 ? `{${ases.join(',')}}` : ases.join(' '));
  }
  return parts.join(' ');
}
