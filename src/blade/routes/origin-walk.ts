/**
 * What a blade does when the VRPs have changed: it looks at the routes that changed ones cover, and at no
 * others, and only for the neighbours whose policies ask for them.
 *
 *   order ─→ page by page: prefixes covered ─→ import: filtered anew where they are stored │ export: marked to be looked at ─→ noted
 *
 * What comes meanwhile goes by the new table already. A session's record says by which table its routes were filtered and it was
 * told (blade/moving/reconfigure.ts), and is written when the walk is over: a blade that takes a session over before looks at all of it.
 */
import type { Fabric } from '../../fabric/fabric.ts';
import { PAGE_WORDS, SESSION } from '../../fabric/layout.ts';
import { covers } from '../../policy/validation.ts';
import { receivedAttribute } from '../../rib/received.ts';
import { STALE } from '../../rib/route-word.ts';
import type { VrpTable } from '../../rpki/table.ts';
import { importRuleHash, noteExportRule } from '../moving/reconfigure.ts';
import type { Session } from '../session/session.ts';
import type { UpdateGroup } from '../telling/update-group.ts';
import type { Routes } from './routes.ts';

/** Pages in one turn of which some session has something, and pages passed over. */
const PAGES = 16;
const PASSED_OVER = 256;

export interface OriginWalkHost {
  readonly fabric: Fabric;
  readonly routes: Routes;
  readonly groups: { readonly all: readonly UpdateGroup[] };
  sessionsHere(): Iterable<Session>;
}

export class OriginWalk {
  readonly #host: OriginWalkHost;
  /** Those of changes that came before a walk was over, too. */
  #changed: VrpTable[] = [];
  #page = -1;
  readonly #ids: number[] = [];

  constructor(host: OriginWalkHost) {
    this.#host = host;
  }

  begin(changed: VrpTable): void {
    this.#changed.push(changed);
    this.#page = 0;
  }

  /** Goes on; true when there is more to do. */
  work(): boolean {
    if (this.#page < 0) return false;
    const { columns } = this.#host.fabric;
    const importing = [...this.#host.sessionsHere()].filter(
      ({ importRule }) => importRule.policy?.asksOrigins,
    );
    const exporting = this.#host.groups.all.filter(({ exporter }) => exporter.asksOrigins);
    if (importing.length === 0 && exporting.length === 0) this.#page = columns.pages;
    let passed = PASSED_OVER;
    for (let pages = PAGES; pages > 0 && passed > 0 && this.#page < columns.pages; passed--)
      if (this.#walkPage(this.#page++, importing, exporting)) pages--;
    if (this.#page < columns.pages) return true;
    this.#page = -1;
    this.#changed = [];
    this.#note();
    return false;
  }

  /** The walk is over: notes by which table of VRPs every session's routes have been filtered and told. */
  #note(): void {
    const { fabric } = this.#host;
    for (const session of this.#host.sessionsHere()) {
      const { index } = session;
      if (fabric.session(index, SESSION.importRule) !== 0)
        fabric.setSession(index, SESSION.importRule, importRuleHash(session));
      noteExportRule(fabric, session, this.#host.routes);
    }
  }

  /** False: nobody has anything there. */
  #walkPage(page: number, importing: readonly Session[], exporting: readonly UpdateGroup[]): boolean {
    const { fabric } = this.#host;
    if (!hasPage(fabric, page)) return false;
    const ids = this.#ids;
    ids.length = 0;
    for (let id = page * PAGE_WORDS; id < (page + 1) * PAGE_WORDS; id++)
      if (this.#changed.some((table) => covers(table, fabric.prefixes, id))) ids.push(id);
    if (ids.length === 0) return true;
    for (const session of importing) this.#filter(session);
    for (const group of exporting) for (const id of ids) group.mark(id);
    return true;
  }

  #filter({ index, importRule, sweeping }: Session): void {
    if (sweeping) return;
    const { fabric, routes } = this.#host;
    for (let lane = 0; lane < fabric.sourceCount(index); lane++) {
      const source = fabric.sourceAt(index, lane);
      for (const id of this.#ids) {
        const word = fabric.columns.get(source, id);
        // What is stale stays so: it was not told again.
        if (word === 0) continue;
        const received = receivedAttribute(fabric, source, id, word);
        if (routes.announce(source, id, received, importRule, STALE)) continue;
        // No room: all of it is filtered anew, which waits for some.
        fabric.setSession(index, SESSION.importCursor, 1);
        return;
      }
    }
  }
}

/** Some source has a page there. */
function hasPage({ columns, sessionLimit, laneLimit, options }: Fabric, page: number): boolean {
  for (let source = 0; source < laneLimit; source++) {
    if (source === sessionLimit) source = options.sessions;
    if (source >= laneLimit) return false;
    if (columns.directories[source * columns.pages + page] !== 0) return true;
  }
  return false;
}
