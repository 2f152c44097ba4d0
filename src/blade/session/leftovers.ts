/** What a session that is over has left in its Adj-RIB-In: withdrawn a page at a time, so that the blade's turns stay short. */
import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION } from '../../fabric/layout.ts';
import type { Limits } from '../limits.ts';
import type { Routes } from '../routes/routes.ts';
import { withdrawPage } from './lanes.ts';

export class Leftovers {
  readonly #fabric: Fabric;
  readonly #session: number;
  readonly #routes: Routes;

  constructor(fabric: Fabric, session: number, routes: Routes) {
    this.#fabric = fabric;
    this.#session = session;
    this.#routes = routes;
  }

  get any(): boolean {
    return this.#fabric.session(this.#session, SESSION.sweepCursor) !== 0;
  }

  /** All that is there is left over. */
  begin(): void {
    this.#fabric.setSession(this.#session, SESSION.sweepCursor, 1);
  }

  /** True when more is left. */
  withdraw({ sweepPages, sweepRounds }: Limits, late: () => boolean): boolean {
    for (let round = 1; this.#withdrawPages(sweepPages); round++)
      if (round >= sweepRounds || late()) return true;
    return false;
  }

  #withdrawPages(pages: number): boolean {
    const fabric = this.#fabric;
    const { columns } = fabric;
    let page = fabric.session(this.#session, SESSION.sweepCursor) - 1;
    for (; page < columns.pages && pages > 0; page++) {
      for (let lane = 0; lane < fabric.sourceCount(this.#session); lane++)
        if (withdrawPage(fabric, this.#routes, fabric.sourceAt(this.#session, lane), page)) pages--;
    }
    const more = page < columns.pages;
    fabric.setSession(this.#session, SESSION.sweepCursor, more ? page + 1 : 0);
    return more;
  }
}
