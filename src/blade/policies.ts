/**
 * How a session's policies come into force: on import as the rule by which its routes are announced, on export as a part of
 * the rules by which its update group is told.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { ACCEPTING, type PolicyBook } from '../policy/book.ts';
import type { NeighborContext } from '../policy/conditions.ts';
import type { PolicyRunner } from '../policy/runner.ts';
import { keepsAnyReceived } from '../rib/received.ts';
import type { SessionConfiguration } from './messages.ts';
import { ImportChecks } from './routes/import-checks.ts';
import type { ExportRules } from './telling/exporter.ts';

export interface ImportRule {
  /** Nothing is taken. */
  readonly reject: boolean;
  readonly policy: PolicyRunner | undefined;
  /** Routes may be kept as they were received too. */
  readonly keeps: boolean;
  /** What comes before policy. */
  readonly checks: Pick<ImportChecks, 'objects' | 'received' | 'forget'>;
}

export const ACCEPT_ALL: ImportRule = {
  reject: false,
  policy: undefined,
  keeps: false,
  checks: { objects: () => false, received: (attribute) => attribute, forget: () => {} },
};

export function importRule(
  fabric: Fabric,
  policies: PolicyBook,
  configuration: SessionConfiguration,
): ImportRule {
  const { index, importAccept, weight } = configuration;
  const key = configuration.importPolicy ?? (weight === undefined ? undefined : ACCEPTING.key);
  const neighbor = { ...neighborContext(configuration), weight };
  const policy = key === undefined ? undefined : policies.importer(key, neighbor);
  return {
    reject: !importAccept,
    policy,
    keeps: policy !== undefined || keepsAnyReceived(fabric, index),
    checks: new ImportChecks(fabric, configuration),
  };
}

/** AttrIds may mean something else from now on (fabric/phase.ts): nothing that was found of sets is kept. */
export function forgetSets(policies: PolicyBook, rules: readonly ImportRule[]): void {
  for (const { checks } of rules) checks.forget();
  policies.forget(rules.flatMap(({ policy }) => policy ?? []));
}

export function exportPolicy(
  policies: PolicyBook,
  configuration: SessionConfiguration,
): Pick<ExportRules, 'policy'> {
  const { exportPolicy: key } = configuration;
  if (key === undefined) return {};
  const neighbor = neighborContext(configuration);
  return { policy: { key, neighbor, program: policies.programKey(key, neighbor) } };
}

function neighborContext({ addressWords, as, localAs, rules }: SessionConfiguration): NeighborContext {
  const address = new Uint8Array(16);
  const view = new DataView(address.buffer);
  addressWords.forEach((word, i) => {
    view.setInt32(i * 4, word | 0);
  });
  const mapped = view.getInt32(0) === 0 && view.getInt32(4) === 0 && view.getInt32(8) === 0xffff;
  return {
    address: mapped ? address.subarray(12) : address,
    as,
    external: as !== localAs && rules?.confederate !== true,
    localAs,
    localRole: rules?.role,
  };
}
