/**
 * BGP roles (RFC 9234): what two neighbours are to each other, agreed on in their OPENs, and what follows from it for
 * ONLY_TO_CUSTOMER. Our role on a session decides everything; one line for each.
 */
import { AttributeType, findAttribute, OPTIONAL_TRANSITIVE, valueStart } from './attributes.ts';
import { u32 } from './bytes.ts';
import { type AttributeSet, withWord } from './edit.ts';

export type Role = 'provider' | 'rs' | 'rs-client' | 'customer' | 'peer';

interface RoleRow {
  readonly role: Role;
  /** In the capability (RFC 9234 4.1). */
  readonly value: number;
  /** What the neighbour has to be then (4.2). */
  readonly theirs: Role;
  /** Ingress (5): a route that has the attribute is a leak: always, where it names another AS than the neighbour's, never. */
  readonly leaks: 'with' | 'with-other' | 'never';
  /** Ingress: a route without it gets it, with the neighbour's AS. */
  readonly marks: boolean;
  /** Egress: a route that has it must not go there. */
  readonly holds: boolean;
  /** Egress: a route without it gets it, with our AS. */
  readonly marksOut: boolean;
}

// biome-ignore format: one line per rule
const ROWS: readonly RoleRow[] = [
  { role: 'provider', value: 0, theirs: 'customer', leaks: 'with', marks: false, holds: false, marksOut: true },
  { role: 'rs', value: 1, theirs: 'rs-client', leaks: 'with', marks: false, holds: false, marksOut: true },
  { role: 'rs-client', value: 2, theirs: 'rs', leaks: 'never', marks: true, holds: true, marksOut: false },
  { role: 'customer', value: 3, theirs: 'provider', leaks: 'never', marks: true, holds: true, marksOut: false },
  { role: 'peer', value: 4, theirs: 'peer', leaks: 'with-other', marks: true, holds: true, marksOut: true },
];

export const ROLES: readonly Role[] = ROWS.map(({ role }) => role);

export function rowOf(role: Role): RoleRow {
  return ROWS.find((row) => row.role === role) as RoleRow;
}

export function roleValue(role: Role): number {
  return rowOf(role).value;
}

function roleName(value: number): string {
  return ROWS.find((row) => row.value === value)?.role ?? `role ${value}`;
}

/** RFC 9234 4.2: what is wrong with the neighbour's role, in words; undefined: nothing. `theirs`: it may say none. */
export function roleMismatch(ours: Role, theirs: number | undefined, strict: boolean): string | undefined {
  const { theirs: wanted } = rowOf(ours);
  if (theirs === undefined) return strict ? `the neighbour names no role, and must be ${wanted}` : undefined;
  if (theirs === roleValue(wanted)) return undefined;
  return `the neighbour is ${roleName(theirs)}, and we are ${ours}`;
}

/** RFC 9234 5, ingress: is the route a leak? */
export function isLeak(role: Role, neighborAs: number, set: AttributeSet): boolean {
  const { leaks } = rowOf(role);
  const otc = onlyToCustomer(set);
  if (otc === undefined || leaks === 'never') return false;
  return leaks === 'with' || otc !== neighborAs;
}

/** RFC 9234 5: the set with the mark, of whoever adds it; as it was where it has one. */
export function marked(set: AttributeSet, as: number): AttributeSet {
  if (onlyToCustomer(set) !== undefined) return set;
  return withWord(set, OPTIONAL_TRANSITIVE, AttributeType.OnlyToCustomer, as);
}

export function onlyToCustomer(set: AttributeSet): number | undefined {
  const at = findAttribute(set, 0, set.length, AttributeType.OnlyToCustomer);
  return at < 0 ? undefined : u32(set, valueStart(set, at));
}
