/**
 * Route maps as policies. An entry becomes a statement: what it matches, what it sets, and how it ends. What no entry matches is
 * denied, as what no statement decides is rejected.
 *
 *   permit             then: accept                  deny                    then: reject
 *   call OTHER         call OTHER, then reject: what no entry of OTHER matches is denied
 *   on-match next      on with the next entry; after the last one, accept
 *   on-match goto N    call NAME-from-N, the entries from there on, then reject
 *   call, on-match     call OTHER-called first
 *   two lists, each    a statement has one "unless": where what one list denies holds, call what comes after,
 *   of which denies    then reject
 *
 * A route map that is called in the middle comes in a second form, NAME-called, which comes back where it permits.
 */

import type { Lists } from './lists.ts';
import type { Names } from './names.ts';
import type { Line } from './read.ts';
import type { Report } from './report.ts';
import { type Conditions, type Entry, EntryReader, type ReadEntry } from './route-map-entry.ts';

export interface StatementText {
  name?: string;
  if?: Conditions;
  unless?: Conditions;
  set?: Record<string, unknown>;
  call?: string;
  then?: 'accept' | 'reject' | 'return';
}

// biome-ignore lint/suspicious/noThenProperty: a key of the file, and never a function.
const DENIED: StatementText = { then: 'reject' };

/** Where a route map permits: decided, or back to whoever called it. */
type Form = 'decides' | 'comes back';

export class RouteMaps {
  readonly policies: Record<string, StatementText[]> = {};
  readonly entries: EntryReader;
  readonly #names: Names;
  readonly #report: Report;
  readonly #lines = new Map<string, Entry[]>();
  readonly #maps = new Map<string, readonly ReadEntry[]>();

  constructor(lists: Lists, names: Names, report: Report) {
    this.entries = new EntryReader(lists, names, report);
    this.#names = names;
    this.#report = report;
  }

  /** Takes a line of a route map. */
  take(line: Line): void {
    if (line.place.kind !== 'route-map') return;
    const { name, permit, order } = line.place;
    const map = this.#lines.get(name) ?? [];
    this.#lines.set(name, map);
    let entry = map.find((each) => each.order === order);
    if (entry === undefined) map.push((entry = { order, permit, lines: [] }));
    if (line.words[0] === 'route-map') this.#report.carried++;
    else if (line.no) this.#report.leave(line, 'it takes something back');
    else entry.lines.push(line);
  }

  /** The policy that a route map became; undefined where there is no such route map. */
  policy(name: string): string | undefined {
    return this.#lines.has(name) ? this.#names.of(`route-map ${name}`, name) : undefined;
  }

  /** What a route map changes of a route of which nothing is known yet; or why that cannot be said. */
  changes(name: string): Readonly<Record<string, unknown>> | string {
    const [first] = this.#maps.get(name) ?? [];
    if (first === undefined) return `there is no route-map ${name}: FRR originates nothing`;
    if (!first.permit) return `route-map ${name} denies first`;
    const { if: wanted = {}, unless = [] } = first.alternatives[0] ?? {};
    const always = first.alternatives.length === 1 && Object.keys(wanted).length === 0 && unless.length === 0;
    if (!always) return `route-map ${name} asks first, and graftd asks nothing of its own routes`;
    if (first.call !== undefined || first.goOn !== undefined)
      return `route-map ${name} has more than one part`;
    return first.set;
  }

  /** Makes the policies of all route maps, once all lines are taken. */
  finish(): void {
    for (const [name, map] of this.#lines) {
      const entries = map.toSorted((a, b) => a.order - b.order).map((entry) => this.entries.read(entry));
      this.#maps.set(name, entries);
    }
    for (const name of this.#maps.keys()) this.#make(this.policy(name) as string, name, 0, 'decides');
  }

  /** The entries of a route map from one on, as a policy of this name; of that one, the ways to match from one on. */
  #make(policy: string, map: string, from: number, form: Form, way = 0): string {
    if (this.policies[policy] !== undefined) return policy;
    const statements: StatementText[] = [];
    // Before its statements are made: they may call it, in a configuration that goes round in circles.
    this.policies[policy] = statements;
    const entries = this.#maps.get(map) as readonly ReadEntry[];
    for (let at = from; at < entries.length; at++) {
      statements.push(...this.#statements(map, at, form, at === from ? way : 0));
    }
    // biome-ignore lint/suspicious/noThenProperty: a key of the file, and never a function.
    const denied: StatementText = { name: 'no entry matched', then: 'reject' };
    if (form === 'comes back' || statements.length === 0) statements.push(denied);
    return policy;
  }

  #statements(map: string, at: number, form: Form, way: number): StatementText[] {
    const entry = (this.#maps.get(map) as readonly ReadEntry[])[at] as ReadEntry;
    const { order, permit, alternatives, set } = entry;
    if (alternatives.length === 0) return [];
    const end = (last: boolean): StatementText => (permit ? this.#end(map, at, entry, form, last) : DENIED);
    const name = `${map} ${permit ? 'permit' : 'deny'} ${order}`;
    return alternatives.slice(way).flatMap(({ if: wanted, unless: [unless = {}, ...more] }, i) => [
      ...more.map(
        (denied): StatementText => ({ name, if: denied, ...this.#after(map, at, form, way + i + 1) }),
      ),
      {
        name,
        ...(Object.keys(wanted).length > 0 ? { if: wanted } : {}),
        ...(Object.keys(unless).length > 0 ? { unless } : {}),
        ...(Object.keys(set).length > 0 ? { set } : {}),
        ...end(way + i + 1 === alternatives.length),
      },
    ]);
  }

  /** On with another way to match of an entry, or where there is none with the next entry. */
  #after(map: string, at: number, form: Form, way: number): StatementText {
    const entries = this.#maps.get(map) as readonly ReadEntry[];
    const another = way < (entries[at] as ReadEntry).alternatives.length;
    // biome-ignore-start lint/suspicious/noThenProperty: a key of the file, and never a function.
    if (!another && at + 1 === entries.length) return { then: 'reject' };
    const rest = this.#rest(map, another ? at : at + 1, form, another ? way : 0);
    return { call: rest, then: form === 'decides' ? 'reject' : 'return' };
    // biome-ignore-end lint/suspicious/noThenProperty: a key of the file, and never a function.
  }

  /** How an entry that permits ends. `last`: what comes behind is the next entry, not another way for this one to match. */
  #end(map: string, at: number, { order, call, goOn }: ReadEntry, form: Form, last: boolean): StatementText {
    // biome-ignore-start lint/suspicious/noThenProperty: a key of the file, and never a function.
    const permit = { then: form === 'decides' ? 'accept' : 'return' } as const;
    // FRR goes on as if nothing were said where it cannot find what is called.
    const called = call !== undefined && this.#maps.has(call) ? call : undefined;
    const back = (name: string): string =>
      this.#make(this.#names.of(`called ${name}`, `${this.policy(name)}-called`), name, 0, 'comes back');
    const next = goOn === undefined ? -1 : this.#next(map, at, goOn);
    if (next < 0) {
      if (called === undefined) return permit;
      return form === 'decides'
        ? { call: this.policy(called) as string, then: 'reject' }
        : { call: back(called), ...permit };
    }
    if (next === at + 1 && last) return called === undefined ? {} : { call: back(called) };
    const rest = this.#rest(map, next, form);
    const end = { call: rest, then: form === 'decides' ? 'reject' : 'return' } as const;
    if (called === undefined) return end;
    const after = this.#names.of(`after ${form} ${map} ${order}`, `${map}-after-${order}`);
    this.policies[after] = [{ call: back(called) }, end];
    return { call: after, then: end.then };
    // biome-ignore-end lint/suspicious/noThenProperty: a key of the file, and never a function.
  }

  /** The place of the first entry after one with this number or a higher one; -1: there is none. */
  #next(map: string, at: number, goOn: number): number {
    const entries = this.#maps.get(map) as readonly ReadEntry[];
    return entries.findIndex((each, i) => i > at && each.order >= goOn);
  }

  /** The policy of the entries from one on. */
  #rest(map: string, from: number, form: Form, way = 0): string {
    const { order } = (this.#maps.get(map) as readonly ReadEntry[])[from] as ReadEntry;
    return this.#make(
      this.#names.of(`from ${form} ${map} ${order} ${way}`, `${map}-from-${order}`),
      map,
      from,
      form,
      way,
    );
  }
}
