/** A commented configuration to start from, for `chassis init`. Text in, text out; what it makes passes `chassis check`. */
import { ANY_OTHER_AS } from '../bgp/open.ts';
import { addressFamily } from './address.ts';

export interface StarterNeighbor {
  readonly address: string;
  readonly as: number;
}

export interface Starter {
  readonly as: number;
  readonly id: string;
  /** `address:port`, or none. */
  readonly listen: string;
  readonly neighbors: readonly StarterNeighbor[];
  /** The first line, for editors. */
  readonly schemaLine: string;
}

export function starterConfiguration({ as, id, listen, neighbors, schemaLine }: Starter): string {
  return `${schemaLine}# "chassis check FILE" says what is wrong with it, "chassis run FILE" runs it, "chassis reload" applies what was changed.

router:
  as: ${as}
  id: ${id} # the BGP Identifier: different on every router of the AS
  listen: [${listen === '' ? '' : JSON.stringify(listen)}] # port 179 needs root or CAP_NET_BIND_SERVICE

chassis:
  # blades: 2              # route processors, a thread each; without it one for every two cores
  control: ./graftd.sock # where the chassis commands find it
  state: ./graftd.db # placement, history of grafts, counters

defaults: # any key of a neighbour, for all that do not say otherwise
  hold-time: 90

# policies: … what to take and to tell, route by route: docs/policy.md says how, and examples/ has whole files

neighbors:${neighbors.length === 0 ? EXAMPLE : `\n${neighbors.map((neighbor) => neighborText(neighbor, as)).join('')}`}`;
}

/** Of an eBGP neighbour. */
const POLICIES = `    import: accept # what to take: accept, reject, or the name of a policy of yours
    export: reject # what to tell: the same; nothing as long as this says so
`;

const EXAMPLE = ` []
#  - address: 192.0.2.2
#    as: 64500
#    import: accept # without import and export an eBGP neighbour gives and gets nothing (RFC 8212)
#    export: accept
`;

function neighborText({ address, as }: StarterNeighbor, ownAs: number): string {
  const external = as !== ownAs;
  const text = address.includes(':') ? JSON.stringify(address) : address;
  return `  - address: ${text}
    as: ${as === ANY_OTHER_AS ? 'external # whichever it says' : as}${external ? '' : ' # iBGP'}
    # port: 179
    # passive: true # only wait for the neighbour
    families: [${addressFamily(address)}] # ipv4-unicast, ipv6-unicast
${external ? POLICIES : ''}    # max-prefixes: 1000000 # close the session when there are more
`;
}
