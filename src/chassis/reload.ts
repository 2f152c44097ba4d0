/**
 * `chassis reload`, SIGHUP: the changed file is read, checked as a whole, compared with what is in force, and only the
 * differences are applied. A file with mistakes, or one for which there is no room, changes nothing.
 *
 *   file ─→ mistakes? ─→ differences (config/changes.ts) ─→ removed, changed, added, each session by itself
 *
 * Sessions whose keys did not change are not touched, not even told. Blades and line cards learn of a session before it
 * is placed; a blade sees by itself whether the rules of a session that it serves changed (blade/moving/reconfigure.ts).
 */
import { readFile } from 'node:fs/promises';
import { readTrouble } from '../base/file-trouble.ts';
import { State } from '../bgp/fsm.ts';
import {
  applicable,
  boxChanges,
  EFFECTS,
  type Effect,
  type KeyChange,
  neighborChanges,
} from '../config/changes.ts';
import type { Configuration, NeighborConfiguration } from '../config/configuration.ts';
import { formatMistake } from '../config/parse.ts';
import { SESSION } from '../fabric/layout.ts';
import type { Chassis } from './chassis.ts';
import { neighborIn, rangeOf } from './dynamic.ts';
import { localDefinition } from './local-routes.ts';
import { addNeighbour, removeNeighbour, tellOf } from './neighbours.ts';
import { OperationError, type ReloadReport } from './operations.ts';
import { cardRanges, protectionTroubleOf, sessionConfiguration } from './plan.ts';
import { readConfiguration } from './read.ts';
import type { SessionEntry } from './session-entry.ts';

interface Changed {
  readonly entry: SessionEntry;
  readonly neighbor: NeighborConfiguration;
  readonly changes: readonly KeyChange[];
}

interface Difference {
  readonly added: readonly NeighborConfiguration[];
  readonly removed: readonly SessionEntry[];
  readonly changed: readonly Changed[];
  readonly box: readonly KeyChange[];
}

export class Reloader {
  readonly #chassis: Chassis;
  readonly #file: string;
  /** One reload after another. */
  #busy: Promise<unknown> = Promise.resolve();

  constructor(chassis: Chassis, file: string) {
    this.#chassis = chassis;
    this.#file = file;
  }

  reload(dryRun: boolean): Promise<ReloadReport> {
    const work = (): Promise<ReloadReport> => this.#reload(dryRun);
    const mine = this.#busy.then(work, work);
    this.#busy = mine.catch(() => {});
    return mine;
  }

  async #reload(dryRun: boolean): Promise<ReloadReport> {
    const wanted = await readWanted(this.#file);
    const trouble = protectionTroubleOf(wanted);
    if (trouble !== undefined) throw new OperationError(`${trouble}; nothing was changed`);
    const difference = this.#compare(wanted);
    const { room } = this.#chassis.table;
    if (difference.added.length > room) {
      throw new OperationError(
        `there is room for ${room} more neighbours, and the file adds ${difference.added.length}: nothing was changed; ` +
          'a restart makes room, "sessions" in chassis.limits reserves more',
      );
    }
    if (!dryRun) await this.#apply(wanted, difference);
    return reportOf(difference, dryRun);
  }

  #compare(wanted: Configuration): Difference {
    const { configuration, table } = this.#chassis;
    const addresses = new Set(wanted.neighbors.map(({ address }) => address));
    // Whoever came by a range stays what the range says now.
    const came = table.list.flatMap(({ neighbor: { address, range } }) => {
      const now = range === undefined || addresses.has(address) ? undefined : rangeOf(wanted, address);
      return now === undefined ? [] : [neighborIn(now, address)];
    });
    for (const { address } of came) addresses.add(address);
    const changed: Changed[] = [];
    const added: NeighborConfiguration[] = [];
    for (const neighbor of [...wanted.neighbors, ...came]) {
      const entry = table.find(neighbor.address);
      if (entry === undefined) {
        added.push(neighbor);
        continue;
      }
      const changes = neighborChanges(entry.neighbor, neighbor);
      if (changes.length > 0) changed.push({ entry, neighbor, changes });
    }
    const removed = table.list.filter(({ neighbor }) => !addresses.has(neighbor.address));
    return { added, removed, changed, box: boxChanges(configuration, wanted) };
  }

  /** Resolves when every session has its orders; what is removed goes on being put away after it. */
  async #apply(wanted: Configuration, { added, removed, changed }: Difference): Promise<void> {
    const chassis = this.#chassis;
    const own = localDefinition(chassis.configuration).key;
    chassis.configuration = applicable(chassis.configuration, wanted);
    const local = localDefinition(chassis.configuration);
    if (local.key !== own) for (const blade of chassis.blades) blade.order({ kind: 'local', local });
    chassis.origins.configure(wanted.rpki);
    chassis.nextHops.configure(chassis.configuration.router.nextHops);
    chassis.table.useTogether(chassis.configuration.router.multipath);
    for (const blade of chassis.blades) blade.order({ kind: 'policies', policies: wanted.policies });
    for (const entry of removed) removeNeighbour(chassis, entry);
    await Promise.all(changed.map((change) => this.#change(change)));
    for (const neighbor of added) addNeighbour(chassis, neighbor);
    for (const card of chassis.cards) card.order({ kind: 'ranges', ranges: cardRanges(wanted) });
  }

  async #change({ entry, neighbor, changes }: Changed): Promise<void> {
    const chassis = this.#chassis;
    await chassis.alone(entry, async () => {
      entry.neighbor = neighbor;
      entry.configuration = sessionConfiguration(chassis.configuration, neighbor, entry.index);
      chassis.table.provide(entry);
      const has = (...effects: Effect[]): boolean => changes.some(({ effect }) => effects.includes(effect));
      tellOf(chassis, entry, has('connection', 'reset'));
      const down = chassis.fabric.session(entry.index, SESSION.state) !== State.Established;
      // A session that is not up yet starts again with the new keys at once, and not only after its attempt has failed.
      if (has('reset') || (down && has('connection', 'session', 'limit')))
        (await chassis.homeBlade(entry)).order({ kind: 'reset', session: entry.index });
    });
  }
}

/** A configuration that is without mistakes. */
export async function readWanted(file: string): Promise<Configuration> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new OperationError(`cannot read ${file}: ${readTrouble(error)}; nothing was changed`, 2);
  }
  const { configuration, mistakes } = await readConfiguration(text, file);
  if (configuration !== undefined) return configuration;
  const lines = mistakes.map((mistake) => formatMistake(file, mistake));
  throw new OperationError(`the file has mistakes, nothing was changed:\n${lines.join('\n')}`, 2);
}

function reportOf({ added, removed, changed, box }: Difference, dryRun: boolean): ReloadReport {
  const isReset = ({ changes }: Changed): boolean => changes.some(({ effect }) => effect === 'reset');
  const named = ({ entry }: Changed): string => entry.neighbor.address;
  const rows = (changes: readonly KeyChange[], neighbor?: string): ReloadReport['changes'] =>
    changes.map(({ key, from, to, effect }) => ({
      ...(neighbor === undefined ? {} : { neighbor }),
      key,
      from,
      to,
      effect: EFFECTS[effect],
    }));
  return {
    dryRun,
    added: added.map(({ address }) => address),
    removed: removed.map(({ neighbor }) => neighbor.address),
    changed: changed.filter((each) => !isReset(each)).map(named),
    reset: changed.filter(isReset).map(named),
    restartNeeded: box.filter(({ effect }) => effect === 'restart').map(({ key }) => key),
    changes: [...changed.flatMap((each) => rows(each.changes, named(each))), ...rows(box)],
  };
}
