/** Routes of the router itself, for `show routes`: from the configuration, and from what a blade says of aggregates. */
import type { Fabric } from '../../fabric/fabric.ts';
import { type LocalDefinition, ownSource, PLACE, type Prefix } from '../../rib/own-source.ts';
import type { Chassis } from '../chassis.ts';
import { localDefinition } from '../local-routes.ts';
import { within } from './prefixes.ts';
import { prefixText } from './route-text.ts';

export interface LocalRow {
  readonly protocol: keyof typeof PLACE;
  /** In the place of the session. */
  readonly source: number;
  readonly attribute: number;
}

/** Routes of the router itself as they are now. */
export interface OwnRoutes {
  /** By PrefixId. */
  readonly rows: ReadonlyMap<number, LocalRow>;
  /** The aggregate that is told in the place of a route within it (summary-only); undefined: the route is told. */
  hiddenBy(id: number): string | undefined;
}

export function ownRoutes({
  fabric,
  blades,
  configuration,
}: Pick<Chassis, 'fabric' | 'blades' | 'configuration'>): OwnRoutes {
  const definition = localDefinition(configuration);
  const said = blades.find(({ running }) => running)?.aggregates;
  // What a blade says of a definition that no longer, or not yet, holds is of other aggregates.
  const states = said?.key === definition.key ? said.states : [];
  const rows = localRows(fabric, definition, states);
  const summaries = definition.aggregates.filter(
    ({ summaryOnly }, i) => summaryOnly && (states[i] ?? 0) !== 0,
  );
  return {
    rows,
    hiddenBy(id) {
      if (rows.get(id)?.protocol === 'aggregate') return undefined;
      const around = summaries.find(
        ({ words, length, ipv6 }) =>
          fabric.prefixes.lengthOf(id) > length && within(fabric, id, words, length, ipv6),
      );
      return around && prefixText(fabric, find(fabric, around));
    },
  };
}

/** By PrefixId those that there are. `states`: for each aggregate 0, or the ORIGIN of what it stands for + 1. */
function localRows(
  fabric: Fabric,
  { routes, aggregates }: LocalDefinition,
  states: readonly number[],
): Map<number, LocalRow> {
  const rows = new Map<number, LocalRow>();
  const add = (prefix: Prefix, set: Uint8Array | undefined, protocol: keyof typeof PLACE): void => {
    const id = find(fabric, prefix);
    if (set === undefined || id < 0) return;
    // Blades have it in the dictionary: this finds it.
    const attribute = fabric.attributes.intern(set, 0, set.length);
    if (attribute === 0) return;
    rows.set(id, { protocol, attribute, source: ownSource(fabric, PLACE[protocol]) - 1 });
  };
  aggregates.forEach((aggregate, i) => {
    add(aggregate, aggregate.sets[(states[i] ?? 0) - 1], 'aggregate');
  });
  for (const route of routes) add(route, route.set, 'static');
  return rows;
}

function find({ prefixes }: Fabric, { words: [a, b, c, d], length, ipv6 }: Prefix): number {
  return ipv6 ? prefixes.find6(a, b, c, d, length) : prefixes.find4(a, length);
}
