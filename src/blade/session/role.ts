/** Our role on a session (RFC 9234), as far as OPENs say it: towards another AS only. */
import { OpenError } from '../../bgp/errors.ts';
import { type DecodeFailure, type Negotiated, negotiate, type Open, openFailure } from '../../bgp/open.ts';
import { roleMismatch, roleValue } from '../../bgp/roles.ts';
import type { SessionConfiguration } from '../messages.ts';

/** RFC 9234 4.1: what our OPEN says. */
export function ourRole({ as, localAs, rules }: SessionConfiguration): number | undefined {
  return rules?.role === undefined || as === localAs ? undefined : roleValue(rules.role);
}

/** RFC 9234 4.2: is what the neighbour's OPEN says a reason to refuse it? */
export function refuseRole(
  { as, localAs, rules }: SessionConfiguration,
  { capabilities }: Open,
): DecodeFailure | undefined {
  if (rules?.role === undefined || as === localAs) return undefined;
  const why = roleMismatch(rules.role, capabilities.role, rules.roleStrict ?? false);
  return why === undefined ? undefined : openFailure(OpenError.RoleMismatch, why);
}

/** What two OPENs agree on. RFC 5065 4: who is in our confederation is not outside. */
export function agree({ rules }: SessionConfiguration, ours: Open, theirs: Open): Negotiated {
  const negotiated = negotiate(ours, theirs);
  return rules?.confederate ? { ...negotiated, external: false } : negotiated;
}
