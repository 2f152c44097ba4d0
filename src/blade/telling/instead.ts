/**
 * What is told in the place of a best route that must not be: to internal neighbours the best external one
 * (draft-ietf-idr-best-external), to a neighbour with a view of its own the best of all that it may be told (RFC 7947 2.3.2.1:
 * no path is hidden from a client because another one is the best).
 *
 *   the best may be told ─→ it is, as to everybody                    (nearly always, and at no cost)
 *   it may not ─→ all that the blade sees ─→ those that may be told ─→ the best of these
 *
 * While anybody wants that, blades show each other all feasible routes (rule 6 of the internal iBGP), so that all find the same.
 */
import type { Fabric } from '../../fabric/fabric.ts';
import type { Ranking } from '../../ibgp-internal/ranking.ts';
import type { SessionConfiguration } from '../messages.ts';
import type { Exporter, ExportRules } from './exporter.ts';

/** A view of its own makes a session a kind of its own. */
export function insteadOf(
  { index, instead }: SessionConfiguration,
  external: boolean,
): Pick<ExportRules, 'instead'> {
  if (instead === undefined || (instead === 'external' && external)) return {};
  return { instead: instead === 'any' ? index : instead };
}

export class Instead {
  /** AttrId as sent, and session + 1, of what is told; 0: nothing is. */
  attribute = 0;
  source = 0;
  readonly #fabric: Fabric;
  readonly #ranking: Ranking;

  constructor(fabric: Fabric, ranking: Ranking) {
    this.#fabric = fabric;
    this.#ranking = ranking;
  }

  /** False: it is the best route after all, of session + 1, that is told as this AttrId, or not told. */
  find(id: number, attribute: number, best: number, exporter: Exporter): boolean {
    const { instead, accept } = exporter.rules;
    if (best === 0 || !accept || instead === undefined) return false;
    const isHidden =
      instead === 'external' ? exporter.staysHere(best) : attribute === 0 || best === instead + 1;
    if (!isHidden || exporter.originated.has(id)) return false;
    const ranking = this.#ranking;
    ranking.gather(id);
    this.#keepTellable(id, instead, exporter);
    this.attribute = this.source = 0;
    if (ranking.count === 0) return true;
    ranking.promote(id, 0);
    const source = this.#fabric.sessionOf(ranking.source[0] as number) + 1;
    // Export policy may still keep back the best external one: then nothing is told.
    this.attribute = exporter.attributeFor(id, ranking.attribute[0] as number, source);
    if (this.attribute !== 0) this.source = source;
    return true;
  }

  #keepTellable(id: number, instead: 'external' | number, exporter: Exporter): void {
    const ranking = this.#ranking;
    let kept = 0;
    for (let i = 0; i < ranking.count; i++) {
      const attribute = ranking.attribute[i] as number;
      const source = this.#fabric.sessionOf(ranking.source[i] as number) + 1;
      const tellable =
        instead === 'external'
          ? !exporter.staysHere(source)
          : source !== instead + 1 && exporter.attributeFor(id, attribute, source) !== 0;
      if (!tellable) continue;
      ranking.source[kept] = ranking.source[i] as number;
      ranking.attribute[kept++] = attribute;
    }
    ranking.count = kept;
  }
}
