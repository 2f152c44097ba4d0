/**
 * Who is there: the neighbours of the demonstration, one row each, and the configuration of the router that
 * they are neighbours of. Every address is one of loopback, so nothing leaves the machine.
 */
import type { DemoSettings } from './options.ts';

/** What a neighbour has to say. */
export type Part =
  /** The whole table. */
  | 'full'
  /** A part of it: this share. */
  | number
  /** Prefixes of its own. */
  | 'own'
  /** Nothing; it listens. */
  | 'nothing';

export interface Neighbour {
  readonly name: string;
  readonly address: string;
  readonly as: number;
  readonly part: Part;
  /** Prefixes of its own, IPv4 and IPv6. */
  readonly own: readonly [ipv4: number, ipv6: number];
  /** Share of the changes that flow; those of all neighbours together make 1. */
  readonly changes: number;
  /** Where it starts, modulo the number of blades: the full feeds share one, so that there is a reason to graft. */
  readonly blade: number;
}

export const ROUTER_AS = 65000;
export const ROUTER_ADDRESS = '127.0.0.1';

// biome-ignore format: one line a neighbour
export const CAST: readonly Neighbour[] = [
  { name: 'transit A',  address: '127.0.0.11', as: 64501, part: 'full',    own: [0, 0],    changes: 0.6, blade: 0 },
  { name: 'transit B',  address: '127.0.0.12', as: 64502, part: 'full',    own: [0, 0],    changes: 0.4, blade: 0 },
  { name: 'peer C',     address: '127.0.0.13', as: 64503, part: 0.1,       own: [0, 0],    changes: 0,   blade: 1 },
  { name: 'peer D',     address: '127.0.0.14', as: 64504, part: 0.04,      own: [0, 0],    changes: 0,   blade: 1 },
  { name: 'customer E', address: '127.0.0.15', as: 64505, part: 'own',     own: [300, 40], changes: 0,   blade: 2 },
  { name: 'customer F', address: '127.0.0.16', as: 64506, part: 'own',     own: [12, 2],   changes: 0,   blade: 2 },
  { name: 'collector',  address: '127.0.0.17', as: 64507, part: 'nothing', own: [0, 0],    changes: 0,   blade: 3 },
  { name: 'internal',   address: '127.0.0.18', as: ROUTER_AS, part: 'nothing', own: [0, 0], changes: 0,  blade: 3 },
];

/** It is told every prefix there is, having none itself: what it has shows how far the router is. */
export const COLLECTOR = CAST.findIndex(({ name }) => name === 'collector');

export interface Places {
  readonly port: number;
  readonly control: string;
  readonly state: string;
}

/** The configuration file of the router, as a person would write it. */
export function configurationText(settings: DemoSettings, places: Places): string {
  const neighbours = CAST.map(
    ({ name, address, as, blade }) => `  - address: ${address}
    as: ${as}
    description: ${name}
    blade: ${blade % settings.blades}
`,
  );
  return `# The router of "chassis demo".
router:
  as: ${ROUTER_AS}
  id: 192.0.2.1
  listen: ["${ROUTER_ADDRESS}:${places.port}"]
chassis:
  blades: ${settings.blades}
  rehearse: ${settings.rehearse}
  control: ${JSON.stringify(places.control)}
  state: ${JSON.stringify(places.state)}
defaults:
  passive: true
  families: [ipv4-unicast, ipv6-unicast]
  import: accept
  export: accept
neighbors:
${neighbours.join('')}`;
}
