/** "set weight" in a route map out does nothing in FRR; graftd refuses it there, so it is left out. */
import { reachable } from '../base/reachable.ts';
import type { StatementText } from './route-maps.ts';
import type { Values } from './router-lines.ts';

export function dropInVain(
  policies: Readonly<Record<string, StatementText[]>>,
  neighbors: readonly Values[],
): void {
  const imports = neighbors.flatMap((keys) => (typeof keys.import === 'string' ? keys.import : []));
  const imported = reachable(imports, (name) => (policies[name] ?? []).flatMap(({ call }) => call ?? []));
  for (const [name, statements] of Object.entries(policies)) {
    if (imported.has(name)) continue;
    for (const statement of statements) {
      if (statement.set === undefined || !('weight' in statement.set)) continue;
      const { weight: _, ...set } = statement.set;
      statement.set = set;
      if (Object.keys(set).length === 0) delete statement.set;
    }
  }
}
