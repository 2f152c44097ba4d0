/**
 * What must hold between several keys, one rule each. A rule sees the draft, in which anything that was wrong
 * by itself is undefined, and says nothing about that again.
 */
import { isLinkLocal, withoutZone, zoneOf } from '../base/address.ts';
import { ANY_OTHER_AS } from '../bgp/open.ts';
import { addressFamily, canonicalPrefix } from './address.ts';
import type { Doubtful, Draft, NeighborValues } from './configuration.ts';
import { checkRoom } from './room.ts';

type Complain = (path: string, message: string) => void;

/** AS numbers that no router may have as its own: RFC 6793 (AS_TRANS), RFC 7300 (the last ones). */
const RESERVED_AS = new Map([
  [23456, 'AS_TRANS (RFC 6793)'],
  [65535, 'reserved (RFC 7300)'],
  [4294967295, 'reserved (RFC 7300)'],
]);

/** sockaddr_un has room for 107 bytes and the zero at the end. */
const LONGEST_SOCKET_PATH = 107;

export function checkRules(draft: Draft, complain: Complain): void {
  checkRouter(draft, complain);
  checkChassis(draft, complain);
  checkCaches(draft, complain);
  checkRanges(draft, complain);
  checkRoom(draft, complain);
  checkLinkLocalKeys(draft, complain);
  const firstWith = new Map<string, number>();
  draft.neighbors.forEach((neighbor, index) => {
    const path = `neighbors[${index}]`;
    checkUnique(neighbor, index, firstWith, complain);
    checkBlade(neighbor, path, draft, complain);
    checkLocalAddress(neighbor, path, complain);
    checkTimers(neighbor, path, complain);
    checkLongLived(neighbor, path, complain);
    checkLocalAs(neighbor, path, draft, complain);
    checkCapabilities(neighbor, path, complain);
    checkPassive(neighbor, path, draft, complain);
    checkNeighborAs(neighbor, path, draft, complain);
    checkKind(neighbor, path, draft, complain);
  });
}

/** What holds for a neighbour holds for those of a range. */
function checkRanges(draft: Draft, complain: Complain): void {
  const seen = new Map<string, number>();
  draft.neighborRanges.forEach(({ range, limit: _, idleTime: __, ...keys }, index) => {
    const path = `neighbor-ranges[${index}]`;
    const first = range === undefined ? undefined : seen.get(range);
    if (first !== undefined) complain(`${path}.range`, `${range} is neighbor-ranges[${first}] already`);
    else if (range !== undefined) seen.set(range, index);
    const member = { ...keys, ...(range === undefined ? {} : { address: range.split('/')[0] as string }) };
    checkTimers(member, path, complain);
    checkLongLived(member, path, complain);
    checkLocalAs(member, path, draft, complain);
    checkCapabilities(member, path, complain);
    checkNeighborAs(member, path, draft, complain);
    checkKind(member, path, draft, complain);
    if (draft.router.listen?.length === 0)
      complain(`${path}.range`, 'nobody can call: router.listen is empty');
  });
}

function checkRouter(draft: Draft, complain: Complain): void {
  const reserved = RESERVED_AS.get(draft.router.as ?? 0);
  if (reserved) complain('router.as', `${draft.router.as} is ${reserved}; no router can have it as its own`);
  checkOrigins(draft, complain);
}

function checkOrigins({ router: { originate, aggregates } }: Draft, complain: Complain): void {
  const seen = new Map<string, string>();
  for (const [key, routes] of Object.entries({ originate, aggregates })) {
    routes?.forEach(({ prefix, ...route }: Doubtful<(typeof routes)[number]>, index) => {
      if (prefix === undefined) return;
      const path = `router.${key}[${index}]`;
      const same = canonicalPrefix(prefix) ?? prefix;
      const first = seen.get(same);
      if (first !== undefined) complain(`${path}.prefix`, `${prefix} is ${first} already`);
      else seen.set(same, path);
      const nextHop = 'nextHop' in route ? route.nextHop : undefined;
      if (nextHop !== undefined && nextHop.includes(':') !== prefix.includes(':'))
        complain(`${path}.next-hop`, `${nextHop} and ${prefix} are not of one family`);
    });
  }
}

function checkChassis(draft: Draft, complain: Complain): void {
  const { control, state } = draft.chassis;
  const bytes = control === undefined ? 0 : Buffer.byteLength(control);
  if (bytes > LONGEST_SOCKET_PATH) {
    complain('chassis.control', `is ${bytes} bytes long (${control}); a socket's path can have 107 at most`);
  }
  if (control !== undefined && control === state) complain('chassis.state', 'is the same file as "control"');
}

function checkCaches(draft: Draft, complain: Complain): void {
  const seen = new Map<string, number>();
  draft.rpki.caches?.forEach(({ address, port, localAddress }, index) => {
    const path = `rpki.caches[${index}]`;
    const first = seen.get(`${address} ${port}`);
    if (first === undefined) seen.set(`${address} ${port}`, index);
    else complain(`${path}.address`, `${address} with port ${port} is rpki.caches[${first}] already`);
    checkLocalAddress({ address, localAddress }, path, complain);
  });
}

function checkUnique(
  neighbor: Doubtful<NeighborValues>,
  index: number,
  firstWith: Map<string, number>,
  complain: Complain,
): void {
  if (neighbor.address === undefined) return;
  const first = firstWith.get(neighbor.address);
  if (first === undefined) firstWith.set(neighbor.address, index);
  else {
    complain(
      `neighbors[${index}].address`,
      `${neighbor.address} is the address of neighbors[${first}] already`,
    );
  }
}

function checkBlade(
  neighbor: Doubtful<NeighborValues>,
  path: string,
  draft: Draft,
  complain: Complain,
): void {
  const { blades } = draft.chassis;
  if (neighbor.blade === undefined || blades === undefined || neighbor.blade < blades) return;
  const known = blades === 1 ? 'there is only blade 0' : `the blades are 0 to ${blades - 1}`;
  complain(
    `${path}.blade`,
    `there is no blade ${neighbor.blade}; ${known} ("blades" in the chassis section)`,
  );
}

/** Of a neighbour, or of an RPKI cache. */
function checkLocalAddress(
  { address, localAddress }: Doubtful<Pick<NeighborValues, 'address' | 'localAddress'>>,
  path: string,
  complain: Complain,
): void {
  if (address === undefined || localAddress === undefined) return;
  const say = (what: string): void =>
    complain(`${path}.local-address`, `${localAddress} and ${address} ${what}`);
  if (addressFamily(address) !== addressFamily(localAddress))
    say('are not of one family; both must be IPv4, or both IPv6');
  else if (isLinkLocal(address) !== isLinkLocal(localAddress)) say('must both be link-local, or neither');
  else if ((zoneOf(localAddress) ?? zoneOf(address)) !== zoneOf(address)) say('are not on one interface');
}

/** The kernel finds the key of a neighbour by its address, without the zone. */
function checkLinkLocalKeys({ neighbors }: Draft, complain: Complain): void {
  const firstWith = new Map<string, number>();
  neighbors.forEach(({ address, password }, index) => {
    if (address === undefined || !isLinkLocal(address)) return;
    const first = firstWith.get(withoutZone(address));
    if (first === undefined) firstWith.set(withoutZone(address), index);
    else if (neighbors[first]?.password !== password)
      complain(
        `neighbors[${index}].password`,
        `must be that of neighbors[${first}], which has the same address on another interface: the kernel tells keys apart by the address alone`,
      );
  });
}

function checkTimers(neighbor: Doubtful<NeighborValues>, path: string, complain: Complain): void {
  const { holdTime, keepaliveTime, minHoldTime } = neighbor;
  if (holdTime !== undefined && minHoldTime !== undefined && holdTime !== 0 && holdTime < minHoldTime)
    complain(`${path}.min-hold-time`, `is above our own hold-time of ${holdTime}`);
  if (holdTime === undefined || keepaliveTime === undefined) return;
  if (holdTime === 0)
    complain(`${path}.keepalive-time`, 'has no meaning with hold-time 0; remove one of them');
  else if (keepaliveTime >= holdTime) {
    complain(`${path}.keepalive-time`, `must be below the hold-time of ${holdTime}; a third of it is usual`);
  }
}

function checkLongLived(neighbor: Doubtful<NeighborValues>, path: string, complain: Complain): void {
  if (!neighbor.longLivedStaleTime || neighbor.gracefulRestart !== 'off') return;
  complain(
    `${path}.long-lived-stale-time`,
    'has no meaning with "graceful-restart: off": routes are kept for long after the restart time (RFC 9494)',
  );
}

function checkLocalAs(
  { as, localAs, localAsNoPrepend, localAsReplaceAs }: Doubtful<NeighborValues>,
  path: string,
  { router }: Draft,
  complain: Complain,
): void {
  if (localAs === undefined) {
    const idle = localAsNoPrepend ? 'local-as-no-prepend' : 'local-as-replace-as';
    if (localAsNoPrepend || localAsReplaceAs) complain(`${path}.${idle}`, 'has no meaning without local-as');
    return;
  }
  const wrong = RESERVED_AS.get(localAs);
  if (wrong !== undefined) complain(`${path}.local-as`, `${localAs} is ${wrong}; no router can have it`);
  else if (localAs === router.as) complain(`${path}.local-as`, 'is the AS of this router already');
  else if (localAs === as)
    complain(`${path}.local-as`, 'is the AS of the neighbour; it is for neighbours in other ASes');
  else if (as !== undefined && as === router.as)
    complain(`${path}.local-as`, 'is for neighbours in other ASes; this one is in the router’s own');
}

function checkCapabilities(neighbor: Doubtful<NeighborValues>, path: string, complain: Complain): void {
  const { withoutCapabilities = [], families, address } = neighbor;
  if (!withoutCapabilities.includes('multiprotocol')) return;
  const offered = families ?? (address === undefined ? [] : [addressFamily(address)]);
  if (offered.every((each) => each === 'ipv4-unicast')) return;
  complain(
    `${path}.without-capabilities`,
    'without multiprotocol there is IPv4 unicast only (RFC 4760); say families: [ipv4-unicast]',
  );
}

function checkPassive(
  neighbor: Doubtful<NeighborValues>,
  path: string,
  draft: Draft,
  complain: Complain,
): void {
  if (!neighbor.passive || draft.router.listen?.length !== 0) return;
  complain(
    `${path}.passive`,
    'the neighbour can never come up: it is waited for, but router.listen is empty',
  );
}

function checkNeighborAs(
  neighbor: Doubtful<NeighborValues>,
  path: string,
  draft: Draft,
  complain: Complain,
): void {
  if (neighbor.as === ANY_OTHER_AS && draft.router.confederation !== undefined)
    complain(
      `${path}.as`,
      'must be said by its number in a confederation: it decides whether the neighbour is inside (RFC 5065)',
    );
  if (neighbor.as !== 23456) return;
  complain(`${path}.as`, '23456 is AS_TRANS (RFC 6793); give the 4-octet AS number that it stands for');
}

/** Keys that mean something for one kind of neighbour only. */
const ONLY_FOR: readonly (readonly [name: keyof NeighborValues, key: string, kind: 'iBGP' | 'eBGP'])[] = [
  ['routeReflectorClient', 'route-reflector-client', 'iBGP'],
  ['bestExternal', 'best-external', 'iBGP'],
  ['routeServerClient', 'route-server-client', 'eBGP'],
  ['sharedSubnets', 'shared-subnets', 'eBGP'],
  ['localRole', 'local-role', 'eBGP'],
  ['enforceFirstAs', 'enforce-first-as', 'eBGP'],
  ['asOverride', 'as-override', 'eBGP'],
  ['removePrivateAs', 'remove-private-as', 'eBGP'],
  ['passBlackhole', 'pass-blackhole', 'eBGP'],
];

function checkKind(neighbor: Doubtful<NeighborValues>, path: string, draft: Draft, complain: Complain): void {
  const { as } = draft.router;
  if (as === undefined || neighbor.as === undefined) return;
  const is = as === neighbor.as ? 'iBGP' : 'eBGP';
  const theirs = neighbor.as === ANY_OTHER_AS ? '"as: external"' : `AS ${neighbor.as}`;
  for (const [name, key, kind] of ONLY_FOR) {
    if (!neighbor[name] || is === kind) continue;
    complain(`${path}.${key}`, `is for ${kind} neighbours, and ${theirs} makes this one an ${is} neighbour`);
  }
  if (neighbor.roleStrict && neighbor.localRole === undefined)
    complain(`${path}.role-strict`, 'needs local-role, which says what the role is to be');
}
