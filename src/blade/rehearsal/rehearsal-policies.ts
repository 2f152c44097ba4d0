/**
 * The policies of a rehearsal (rehearsal.ts): an import and an export policy of the kind that operators have, with some of each
 * kind of condition. They let nearly all routes pass, so that what follows is rehearsed, too.
 */
import type { Condition, PolicyDefinition, Statement, Then } from '../../policy/language.ts';
import { buildPrefixTable, type PrefixEntry } from '../../policy/prefix-set.ts';
import type { SessionConfiguration } from '../messages.ts';

type Communities = Extract<Condition, { kind: 'communities' }>;

/** 65000:0 to 65000:65535, as a neighbour might set them. */
const OURS: Communities['patterns'] = [
  {
    form: 'parts',
    parts: [
      [65_000, 65_000],
      [0, 65_535],
    ],
  },
];

function community(value: number): Statement['set'][number] {
  return { kind: 'communities', of: 'community', by: 'add', octets: [0xfd, 0xe8, 0, value] };
}

function statement(then: Then, parts: Partial<Statement> = {}): Statement {
  return { if: [], unless: [], set: [], then, ...parts };
}

/** Every fourth /16, down to /24, and all of /12 of every other /8: so that several lengths have to be looked for. */
function some(): PrefixEntry[] {
  const entry = (octets: readonly [number, number], length: number, from = length): PrefixEntry => ({
    bytes: Uint8Array.of(...octets, 0, 0),
    length,
    from,
    to: 24,
  });
  return [
    ...Array.from({ length: 1 << 14 }, (_, i) => entry([i >> 6, (i << 2) & 255], 16)),
    ...Array.from({ length: 1 << 11 }, (_, i) => entry([(i >> 4) << 1, (i & 15) << 4], 12)),
  ];
}

/** Made anew for each blade, and as they come in a message, as those of a configuration are. */
export function rehearsalPolicies(): PolicyDefinition[] {
  const bogons = buildPrefixTable([{ bytes: Uint8Array.of(127, 0, 0, 0), length: 8, from: 8, to: 32 }]);
  const taken = [
    statement('reject', { if: [{ kind: 'prefix', tables: [bogons] }] }),
    statement('reject', { if: [{ kind: 'length', ranges: [[1, 7]] }] }),
    statement('reject', { if: [{ kind: 'as-path', patterns: ['_(6451[2-5]|64[6-9]00)_'] }] }),
    statement('reject', { if: [{ kind: 'number', of: 'path-length', ranges: [[60, 255]] }] }),
    statement('next', { set: [{ kind: 'communities', of: 'community', by: 'remove', patterns: OURS }] }),
    statement('accept', {
      if: [{ kind: 'prefix', tables: [buildPrefixTable(some())] }],
      set: [community(100)],
    }),
    statement('accept', { set: [community(200)] }),
  ];
  const told = [
    statement('reject', {
      if: [
        {
          kind: 'communities',
          of: 'community',
          patterns: [
            {
              form: 'parts',
              parts: [
                [65_000, 65_000],
                [666, 666],
              ],
            },
          ],
        },
      ],
    }),
    statement('accept'),
  ];
  return structuredClone([
    { key: 'rehearsal-import', name: 'import', policies: { import: taken } },
    { key: 'rehearsal-export', name: 'export', policies: { export: told } },
  ]);
}

export const POLICY_KEYS: Pick<SessionConfiguration, 'importPolicy' | 'exportPolicy'> = {
  importPolicy: 'rehearsal-import',
  exportPolicy: 'rehearsal-export',
};
