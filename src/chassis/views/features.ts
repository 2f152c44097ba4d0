/** What is in force on a session besides its families: what both sides agreed on, and what protects it. */
import { familyNames } from '../../bgp/families.ts';
import { State } from '../../bgp/fsm.ts';
import { EXTENDED_RING } from '../../blade/messages.ts';
import { SESSION, SESSION_FLAG } from '../../fabric/layout.ts';
import type { Chassis, SessionEntry } from '../chassis.ts';
import type { SessionDetail } from '../operations.ts';

// biome-ignore format: one line a row
const AGREED: readonly (readonly [flag: number, name: string])[] = [
  [SESSION_FLAG.fourOctetAs, '4-octet AS'],
  [SESSION_FLAG.routeRefresh, 'route refresh'],
  [SESSION_FLAG.enhancedRefresh, 'enhanced route refresh'],
  [SESSION_FLAG.extendedMessage, 'extended messages'],
  [SESSION_FLAG.extendedNextHop, 'extended next hops'],
];

const INSTEAD = { external: 'the best external one', any: 'the best that it may be told' } as const;

export function featuresOf(
  { fabric }: Chassis,
  { index, neighbor, configuration: { instead } }: SessionEntry,
): Pick<SessionDetail, 'agreed' | 'protection' | 'insteadOfBest' | 'range'> {
  const flags = fabric.session(index, SESSION.flags);
  const established = fabric.session(index, SESSION.state) === State.Established;
  const agreed = AGREED.filter(([flag]) => (flags & flag) !== 0).map(([, name]) => name);
  if (neighbor.extendedMessages && fabric.connections.receiveBytes < EXTENDED_RING)
    agreed.push('no extended messages before a restart');
  const addPath = fabric.session(index, SESSION.addPath);
  const paths = [
    ['received', addPath & 0xff],
    ['sent', addPath >>> 8],
  ] as const;
  for (const [way, families] of paths)
    if (families !== 0) agreed.push(`ADD-PATH ${way} (${familyNames(families).join(', ')})`);
  const { password, ttlSecurity: hops } = neighbor;
  const protection = [
    ...(password === undefined ? [] : ['TCP MD5']),
    ...(hops === undefined ? [] : [`TTL security, ${hops} ${hops === 1 ? 'hop' : 'hops'}`]),
  ];
  const { range } = neighbor;
  return {
    ...(range === undefined ? {} : { range }),
    ...(established ? { agreed } : {}),
    ...(protection.length === 0 ? {} : { protection }),
    ...(instead === undefined ? {} : { insteadOfBest: INSTEAD[instead] }),
  };
}
