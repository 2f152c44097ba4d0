/**
 * What changes for a session that lives when its configuration does, without a reset:
 *
 *   import rule ─→ its Adj-RIB-In is filtered anew, page by page; only what comes out otherwise is evaluated
 *   export rule ─→ it leaves its update group with what it was told, and everything is looked at once more for it
 *
 * By which rules the column was filtered and the view was told stands in the session record, as a hash. A blade that
 * takes the session over with other rules in hand, after a graft or a crash, sees that and does what is left (I1).
 */
import type { Fabric } from '../../fabric/fabric.ts';
import { PAGE_WORDS, SESSION } from '../../fabric/layout.ts';
import { receivedAttribute, receivedColumn } from '../../rib/received.ts';
import { STALE } from '../../rib/route-word.ts';
import type { SessionConfiguration } from '../messages.ts';
import type { ImportRule } from '../policies.ts';
import type { Routes } from '../routes/routes.ts';
import type { Session } from '../session/session.ts';
import { groupKey } from '../telling/exporter.ts';
import type { Groups } from '../telling/groups.ts';
import type { UpdateGroup } from '../telling/update-group.ts';

/** What decides whether a route of the neighbour is taken: equal keys, equal answers. */
function importKey({ importAccept, importPolicy, weight, rules }: SessionConfiguration): string {
  const { enforceFirstAs = false, allowOwnAs = 0 } = rules ?? {};
  const checks = enforceFirstAs || allowOwnAs > 0 ? `/${enforceFirstAs} ${allowOwnAs}` : '';
  const policy = (importPolicy ?? 'accept') + (weight === undefined ? '' : `/weight ${weight}`);
  return (importAccept ? policy : 'reject') + checks;
}

/** FNV-1a, never 0. */
function ruleHash(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash | 1;
}

/** By what its routes were filtered: the rule, and the table of VRPs where it asks that. */
export function importRuleHash({ configuration, importRule: { policy } }: Session): number {
  return ruleHash(importKey(configuration) + tableKey(policy?.asksOrigins ? policy.origins.generation : 0));
}

export function noteExportRule(fabric: Fabric, { index, group }: Session, routes: Routes): void {
  if (group !== undefined) fabric.setSession(index, SESSION.exportRule, exportRuleHash(group, routes));
}

function exportRuleHash({ key, exporter }: UpdateGroup, { local }: Routes): number {
  return ruleHash(key + local.key + tableKey(exporter.originsAsked));
}

function tableKey(generation: number): string {
  return generation === 0 ? '' : `/VRPs ${generation}`;
}

/** Begins to filter the Adj-RIB-In anew if it was filtered by another rule than the one that holds now. */
export function checkImportRule(fabric: Fabric, session: Session): void {
  const { index } = session;
  const rule = importRuleHash(session);
  const before = fabric.session(index, SESSION.importRule);
  // The cursor first: who finds the new rule in the record finds also how far it was applied.
  if (before !== 0 && before !== rule) fabric.setSession(index, SESSION.importCursor, 1);
  fabric.setSession(index, SESSION.importRule, rule);
}

/** Filters some pages of the Adj-RIB-In anew; true when more are left. */
export function filterAnew(fabric: Fabric, routes: Routes, session: Session, pages: number): boolean {
  const { index } = session;
  const { columns } = fabric;
  const rule = session.importRule;
  if (session.anew.waits) return false;
  let page = fabric.session(index, SESSION.importCursor) - 1;
  for (; page < columns.pages && pages > 0; page++) {
    for (let lane = 0; lane < fabric.sourceCount(index); lane++) {
      const source = fabric.sourceAt(index, lane);
      if (columns.directories[source * columns.pages + page] === 0) continue;
      if (!filterPage(fabric, routes, source, page, rule)) {
        fabric.setSession(index, SESSION.importCursor, page + 1);
        session.filterLater();
        return false;
      }
      pages--;
    }
  }
  const more = page < columns.pages;
  if (!more) session.stale.lowerAgain();
  fabric.setSession(index, SESSION.importCursor, more ? page + 1 : 0);
  if (!more) session.filtered();
  return more;
}

/** One page of a source's column; false when what the rule makes of a route finds no room. Doing it again does no harm. */
function filterPage(fabric: Fabric, routes: Routes, source: number, page: number, rule: ImportRule): boolean {
  const { columns } = fabric;
  for (let id = page * PAGE_WORDS; id < (page + 1) * PAGE_WORDS; id++) {
    const word = columns.get(source, id);
    if (word === 0) continue;
    // Changes nothing where the answer is the same. What is stale stays so: it was not told again.
    if (!routes.announce(source, id, receivedAttribute(fabric, source, id, word), rule, STALE)) return false;
  }
  if (rule.policy === undefined) columns.dropPage(receivedColumn(fabric, source), page);
  return true;
}

/**
 * Sessions whose export rules changed leave their groups, those that go from one group to the same rules together:
 * however many they are, a view is forked once for each kind.
 */
export function regroup(fabric: Fabric, groups: Groups, sessions: Iterable<Session>, routes: Routes): void {
  const moves = new Map<UpdateGroup, Map<string, Session[]>>();
  for (const session of sessions) {
    const { group } = session;
    if (group === undefined) continue;
    const key = groupKey(session.exportRules());
    if (key === group.key) continue;
    const kinds = moves.get(group) ?? new Map<string, Session[]>();
    moves.set(group, kinds.set(key, [...(kinds.get(key) ?? []), session]));
  }
  for (const [group, kinds] of moves) {
    for (const kind of kinds.values()) {
      const indexes = kind.map(({ index }) => index);
      const rules = (kind[0] as Session).exportRules();
      const next = groups.split(indexes, group, rules);
      for (const session of kind) {
        session.group = next;
        noteExportRule(fabric, session, routes);
      }
    }
  }
}

/** An Established session goes on being told from where its view and its walk stand. */
export function adoptGroup(
  { fabric, groups, routes }: { readonly fabric: Fabric; readonly groups: Groups; readonly routes: Routes },
  session: Session,
): UpdateGroup {
  const { index } = session;
  const view = fabric.session(index, SESSION.view) - 1;
  const cursor = fabric.session(index, SESSION.exportCursor) - 1;
  const group = groups.adopt(index, session.exportRules(), view, cursor);
  session.group = group;
  // Told by other rules than those that hold now: everything is looked at.
  const rule = fabric.session(index, SESSION.exportRule);
  if (rule !== 0 && rule !== exportRuleHash(group, routes)) group.cursor = 0;
  noteExportRule(fabric, session, routes);
  checkImportRule(fabric, session);
  return group;
}
