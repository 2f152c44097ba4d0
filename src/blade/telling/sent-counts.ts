/** How many routes each member of an update group has been sent: those of the view, less its own; and what it could not be told. */
import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION_NUMBER } from '../../fabric/layout.ts';
import type { UpdateGroup } from './update-group.ts';

export class SentCounts {
  readonly #fabric: Fabric;
  /** Routes in the view, and by source session + 1: a member's share is the total less its own. */
  #total = 0;
  readonly #bySource: Int32Array;
  /** By member, what it was sent beyond its share before it came. */
  readonly #offset = new Map<number, number>();

  constructor(fabric: Fabric) {
    this.#fabric = fabric;
    this.#bySource = new Int32Array(fabric.options.sessions + 1);
  }

  /** `anew`: what it has been sent so far is still to be counted. */
  join(session: number, anew: boolean): void {
    const advertised = this.#fabric.number(session, SESSION_NUMBER.routesAdvertised);
    this.#offset.set(session, anew ? 0 : advertised - this.#share(session));
  }

  leave(session: number): void {
    this.#offset.delete(session);
  }

  has(session: number): boolean {
    return this.#offset.has(session);
  }

  count(source: number, by: number): void {
    this.#total += by;
    this.#bySource[source] = (this.#bySource[source] as number) + by;
  }

  note(members: readonly number[]): void {
    for (const session of members) {
      const advertised = this.#share(session) + (this.#offset.get(session) ?? 0);
      this.#fabric.setNumber(session, SESSION_NUMBER.routesAdvertised, advertised);
    }
  }

  /** Routes that found no room to be told, and sets that no message has room for. */
  noteUntold(members: readonly number[], routes: number, sets: number): void {
    if (routes + sets === 0) return;
    for (const session of members) {
      this.#fabric.count(session, SESSION_NUMBER.routesUntold, routes);
      this.#fabric.count(session, SESSION_NUMBER.setsTooLong, sets);
    }
  }

  #share(session: number): number {
    return this.#total - (this.#bySource[session + 1] as number);
  }
}

/** Routes of the router itself that found no room are told to nobody: whoever would be told counts them. */
export function noteLacking(
  fabric: Fabric,
  { lacking }: { readonly lacking: number },
  sessions: Iterable<{ readonly index: number; readonly group: UpdateGroup | undefined }>,
): void {
  if (lacking === 0) return;
  for (const { index, group } of sessions)
    if (group?.exporter.rules.accept === true) fabric.count(index, SESSION_NUMBER.routesUntold, lacking);
}
