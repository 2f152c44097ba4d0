/**
 * What a policy changes in vain, because every neighbour that names it does so in the other direction. A policy that both directions
 * go through is left alone: it does what it says in one of them.
 */
import { reachable } from '../base/reachable.ts';
import type { Draft } from './configuration.ts';
import type { PolicyValues } from './policies.ts';

type Direction = 'import' | 'export';
type Changes = NonNullable<NonNullable<PolicyValues['policies']>[string][number]['set']>;

/** A change, the direction in which nothing comes of it, and what is said. */
type Rule = readonly [key: string, on: Direction, is: (set: Changes) => boolean, message: string];

const RULES: readonly Rule[] = [
  [
    'weight',
    'export',
    ({ weight }) => weight !== undefined,
    'has no effect on export: nobody is told of a weight. Set it in the import policy of the neighbours that tell the routes',
  ],
  [
    'next-hop',
    'import',
    ({ nextHop }) => nextHop === 'self',
    'has no effect on import: our own address is put in where a route is told. Set it in an export policy, or name an address',
  ],
];

export function checkInVain(
  { neighbors, neighborRanges }: Draft,
  policies: PolicyValues['policies'] = {},
  complain: (path: string, message: string) => void,
): void {
  const all = [...neighbors, ...neighborRanges];
  const calls = (name: string): string[] => (policies[name] ?? []).flatMap(({ call }) => call ?? []);
  const used = {
    import: reachable(new Set(all.flatMap((keys) => keys.import ?? [])), calls),
    export: reachable(new Set(all.flatMap((keys) => keys.export ?? [])), calls),
  };
  for (const [key, on, is, message] of RULES) {
    const other = used[on === 'export' ? 'import' : 'export'];
    for (const [name, statements] of Object.entries(policies)) {
      if (!used[on].has(name) || other.has(name)) continue;
      statements.forEach(({ set }, i) => {
        if (set !== undefined && is(set)) complain(`policies.${name}[${i}].set.${key}`, message);
      });
    }
  }
}
