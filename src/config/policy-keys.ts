/** The keys of policies and of the sets that they name, one row each. What they mean is told in docs/policy.md. */
import { ROLES } from '../bgp/roles.ts';
import type { CommunityKind } from '../policy/community.ts';
import { ORIGINS } from './keys.ts';
import { asNumber, choice, family, filePath, integer, policy, text } from './kinds.ts';
import {
  asRange,
  asTest,
  communityPattern,
  communityTestKind,
  communityValue,
  expression,
  neighborItem,
  neighborTest,
  nextHop,
  nextHopTest,
  number32,
  numberChange,
  pathLength,
  pathTest,
  prefixEntry,
  prefixLength,
  prefixTest,
} from './policy-kinds.ts';
import { either, list, named, optional, section, some } from './shapes.ts';

/** By VALIDITY (rpki/table.ts). */
export const VALIDITIES = ['not-found', 'valid', 'invalid'] as const;

const PROTOCOLS = ['bgp', 'static', 'aggregate'] as const;

export { ORIGINS };

// biome-ignore format: one line a row
export const conditionKeys = {
  prefix: optional(some(prefixTest), { doc: 'The prefix is in one of these prefix sets, or is one of these: "10.0.0.0/8 ge 9 le 24".' }),
  length: optional(some(prefixLength), { doc: 'The length of the prefix: 24, or 25-32.' }),
  family: optional(some(family), { doc: 'The address family of the route.' }),
  'as-path': optional(some(pathTest), { doc: 'AS path sets, or regular expressions in the usual form: "^64500_" or "_174_".' }),
  'origin-as': optional(some(asTest), { doc: 'The last AS of the path: numbers, ranges, or sets of ASes.' }),
  'first-as': optional(some(asTest), { doc: 'The first AS of the path: numbers, ranges, or sets of ASes.' }),
  'path-length': optional(some(pathLength), { doc: 'The number of ASes in the path; an AS_SET counts as one.' }),
  community: optional(some(communityTestKind('community')), { doc: 'The route has one of these: 65000:100, 65000:*, no-export, "/^65000:1..$/", or one of a community set.' }),
  'large-community': optional(some(communityTestKind('large-community')), { doc: 'The route has one of these: 65000:1:2, 65000:*:*, or one of a large community set.' }),
  'ext-community': optional(some(communityTestKind('ext-community')), { doc: 'The route has one of these: rt:65000:1, ro:65000:*, or one of an extended community set.' }),
  'next-hop': optional(some(nextHopTest), { doc: 'The next hop is one of these addresses, or within these prefixes or prefix sets.' }),
  med: optional(some(number32), { doc: 'MULTI_EXIT_DISC: a number or a range; a route without one has 0.' }),
  'local-pref': optional(some(number32), { doc: 'LOCAL_PREF: a number or a range; a route without one has 100.' }),
  weight: optional(some(number32), { doc: 'The weight: a number or a range; a route without one has 0.' }),
  origin: optional(some(choice(ORIGINS, 'origin')), { doc: 'ORIGIN.' }),
  rpki: optional(some(choice(VALIDITIES, 'validity')), { doc: 'What the RPKI says of the origin of the route (RFC 6811): valid, invalid or not-found. Asked with the path as it came, before changes.' }),
  role: optional(some(choice(ROLES, 'role')), { doc: 'What the neighbour that the policy is used for is to us (RFC 9234): customer, where "local-role" is provider, and so on.' }),
  neighbor: optional(some(neighborTest), { doc: 'The neighbour that the policy is used for: an address, a prefix, "as 64500", ebgp, ibgp, or one of a neighbour set.' }),
  'learned-from': optional(some(neighborTest), { doc: 'On export, the neighbour that told the route; as for "neighbor".' }),
  protocol: optional(some(choice(PROTOCOLS, 'protocol')), { doc: 'On export, where the route comes from: bgp (a neighbour told it), static (router.originate) or aggregate (router.aggregates).' }),
};

function communityChanges(kind: CommunityKind) {
  // biome-ignore format: one line a row
  return section(`a change of ${kind}`, {
    set: optional(list(communityValue(kind)), { doc: 'These instead of all that there are; [] for none.' }),
    remove: optional(some(communityTestKind(kind)), { doc: 'Those that match are removed.' }),
    add: optional(some(communityValue(kind)), { doc: 'These are added, after what is removed.' }),
  });
}

// biome-ignore format: one line a row
export const actionKeys = {
  'local-pref': optional(numberChange(), { doc: 'Sets LOCAL_PREF, or changes it by +10 or -10.' }),
  weight: optional(numberChange(), { doc: 'On import: sets the weight, a preference of this router alone that is asked before LOCAL_PREF and told to nobody, or changes it by +10 or -10; the highest wins.' }),
  med: optional(numberChange('none'), { doc: 'Sets MULTI_EXIT_DISC, changes it by +10 or -10, or removes it: none.' }),
  origin: optional(choice(ORIGINS, 'origin'), { doc: 'Sets ORIGIN.' }),
  'next-hop': optional(nextHop, { doc: 'Sets the next hop of routes of that family; self: our own address, on export.' }),
  prepend: optional(integer(1, 25), { doc: 'Puts our own AS in front of the path, so many times.' }),
  'prepend-as': optional(list(asNumber, true, true), { doc: 'Puts these ASes in front of the path, the first of them foremost.' }),
  community: optional(communityChanges('community'), { doc: 'Changes the communities (RFC 1997).' }),
  'large-community': optional(communityChanges('large-community'), { doc: 'Changes the large communities (RFC 8092).' }),
  'ext-community': optional(communityChanges('ext-community'), { doc: 'Changes the extended communities (RFC 4360).' }),
};

const conditions = section('conditions', conditionKeys);

const THENS = ['accept', 'reject', 'next', 'return'] as const;

// biome-ignore format: one line a row
export const statementKeys = {
  name: optional(text, { doc: 'A name for people: what "show routes --why" says.' }),
  if: optional(conditions, { doc: 'The statement is for routes of which all of these hold.' }),
  unless: optional(conditions, { doc: 'The statement is not for routes of which all of these hold.' }),
  set: optional(section('changes', actionKeys), { doc: 'Changes the route.' }),
  call: optional(policy, { doc: 'Goes through another policy; where that does not decide, it goes on here.' }),
  // biome-ignore lint/suspicious/noThenProperty: a key of the file, and never a function.
  then: optional(choice(THENS, 'end of a statement'), { doc: 'accept or reject decide; next (as without it) goes on with the next statement; return ends a policy that was called.' }),
};

const prefixSet = either(
  list(prefixEntry, true),
  section('a prefix set', {
    file: optional(filePath, {
      doc: 'A file with a prefix a line, with ge and le as here; # begins a comment. Relative to the folder of this file.',
    }),
    prefixes: optional(list(prefixEntry, true), { doc: 'Prefixes besides those of the file.' }),
  }),
);

// biome-ignore format: one line a row
export const policyKeys = {
  'prefix-sets': optional(named('"prefix-sets"', prefixSet), { doc: 'Sets of prefixes by name: a list like [10.0.0.0/8 le 24, 192.0.2.0/24], or {file: PATH}.' }),
  'as-path-sets': optional(named('"as-path-sets"', list(expression, true)), { doc: 'Regular expressions over AS paths by name.' }),
  'as-sets': optional(named('"as-sets"', list(asRange, true)), { doc: 'AS numbers and ranges of them by name.' }),
  'community-sets': optional(named('"community-sets"', list(communityPattern('community'), true)), { doc: 'Communities by name.' }),
  'large-community-sets': optional(named('"large-community-sets"', list(communityPattern('large-community'), true)), { doc: 'Large communities by name.' }),
  'ext-community-sets': optional(named('"ext-community-sets"', list(communityPattern('ext-community'), true)), { doc: 'Extended communities by name.' }),
  'neighbor-sets': optional(named('"neighbor-sets"', list(neighborItem, true)), { doc: 'Neighbours by name: addresses, prefixes, "as 64500", ebgp, ibgp.' }),
  policies: optional(named('"policies"', list(section('a statement', statementKeys), true)), { doc: 'Policies by name, for "import" and "export": statements, in order. What no statement decides is rejected.' }),
};

export const policySection = section('policies', policyKeys);
