/**
 * Changes of one session's routes, in the order in which they were told, until enough are together to be applied.
 *
 * What a change costs is cache misses: a slot and a key of the dictionary, the route's word, the best route and its
 * word. One change after the other would wait for each of them in turn. So the memory of all of them is touched first,
 * in short loops whose loads do not depend on each other: the processor fetches many at the same time.
 */
import { FAMILY_IPV4, FAMILY_IPV6 } from '../../bgp/families.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import type { PolicyRunner } from '../../policy/runner.ts';
import { bucketBit } from '../../rib/presence.ts';
import { touchReceived } from '../../rib/received.ts';
import type { ImportRule } from '../policies.ts';
import type { Routes } from './routes.ts';

/** As many as the second-level cache holds the memory of, at about half a KiB each. */
const ROOM = 512;

export class RouteChanges {
  count = 0;
  readonly #fabric: Fabric;
  readonly #routes: Routes;
  readonly #address = new Uint32Array(ROOM);
  readonly #length = new Uint8Array(ROOM);
  /** PrefixId; -1: to be looked up by address and length. */
  readonly #id = new Int32Array(ROOM);
  /** AttrId; 0: withdrawn. */
  readonly #attribute = new Int32Array(ROOM);
  readonly #hints = new Int32Array(ROOM);
  /** Of import policy: the sets it is asked of, and what it makes of them. */
  readonly #asked = new Int32Array(ROOM);
  readonly #accepted = new Int32Array(ROOM);
  /** Not all of them are withdrawals. */
  #announces = false;
  /** FAMILY_ bits of which the prefixes have path identifiers, and these. */
  #addPath = 0;
  readonly #path = new Uint32Array(ROOM);

  constructor(fabric: Fabric, routes: Routes) {
    this.#fabric = fabric;
    this.#routes = routes;
  }

  /** There is no room for another one: apply them first. */
  get full(): boolean {
    return this.count === ROOM;
  }

  add4(address: number, length: number, attribute: number): void {
    const at = this.count++;
    this.#address[at] = address;
    this.#length[at] = length;
    this.#id[at] = -1;
    this.#attribute[at] = attribute;
  }

  add(id: number, attribute: number): void {
    const at = this.count++;
    this.#id[at] = id;
    this.#attribute[at] = attribute;
  }

  /** The change that was added last is of this path of the prefix, of a family with ADD-PATH. */
  ofPath(path: number, family: number): void {
    this.#path[this.count - 1] = path;
    this.#addPath |= family;
  }

  clear(): void {
    this.count = this.#addPath = 0;
  }

  /** Applies all of them. False when a table of the fabric is full: the rest is left out. */
  apply(session: number, rule: ImportRule): boolean {
    const count = this.count;
    this.count = 0;
    if (!this.#lookUp(session, count)) return false;
    const routes = this.#routes;
    const addPath = this.#addPath;
    this.#addPath = 0;
    this.#hints.fill(session + 1, 0, count);
    routes.evaluator.touch(this.#hints, this.#id, count, this.#announces);
    if (rule.keeps) touchReceived(this.#fabric, session, this.#id, count);
    routes.gather();
    const evaluates = this.#announces && addPath === 0 && rule.policy !== undefined && !rule.reject;
    const applied = evaluates
      ? this.#applyAccepted(session, count, rule, rule.policy)
      : this.#applyAll(session, count, rule, addPath);
    routes.endGathering();
    return applied;
  }

  #applyAll(session: number, count: number, rule: ImportRule, addPath: number): boolean {
    const routes = this.#routes;
    if (!this.#announces && addPath === 0) {
      routes.withdrawAll(session, this.#id, count);
      return true;
    }
    for (let i = 0; i < count; i++) {
      const id = this.#id[i] as number;
      const attribute = this.#attribute[i] as number;
      if (addPath !== 0 && id >= 0 && this.#hasPath(id, addPath)) {
        const path = this.#path[i] as number;
        if (attribute === 0) routes.withdrawPath(session, id, path);
        else if (!routes.announcePath(session, id, path, attribute, rule)) return false;
      } else if (attribute !== 0) {
        if (!routes.announce(session, id, attribute, rule)) return false;
      } else if (id >= 0) routes.withdraw(session, id);
    }
    return true;
  }

  /** As #applyAll, where import policy has something to say: it says that of all of them first. */
  #applyAccepted(session: number, count: number, rule: ImportRule, policy: PolicyRunner): boolean {
    const routes = this.#routes;
    const ids = this.#id;
    const accepted = this.#accepted;
    this.#withoutObjections(count, rule);
    policy.evaluateAll(ids, this.#asked, count, this.#fabric.sessionOf(session), accepted);
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number;
      const attribute = this.#attribute[i] as number;
      if (attribute === 0) {
        if (id >= 0) routes.withdraw(session, id);
      } else {
        const result = this.#asked[i] === 0 ? 0 : (accepted[i] as number);
        if (!routes.accept(session, id, attribute, result, rule)) return false;
      }
    }
    return true;
  }

  /** The sets that import policy is asked of: 0 where nothing is announced, or may not be used at all. */
  #withoutObjections(count: number, { checks }: ImportRule): void {
    let last = 0;
    let asked = 0;
    for (let i = 0; i < count; i++) {
      const attribute = this.#attribute[i] as number;
      if (attribute !== last) {
        last = attribute;
        asked = attribute === 0 || checks.objects(attribute) ? 0 : attribute;
      }
      this.#asked[i] = asked;
    }
  }

  #hasPath(id: number, families: number): boolean {
    return (families & (id < this.#fabric.prefixes.base6 ? FAMILY_IPV4 : FAMILY_IPV6)) !== 0;
  }

  /** Fills in the ids; those of unknown prefixes that are withdrawn stay -1. */
  #lookUp(session: number, count: number): boolean {
    const { prefixes } = this.#fabric;
    // Nobody else knows a new prefix yet: who has a route of it need not be noted atomically then.
    const present = bucketBit(session);
    prefixes.find4All(this.#address, this.#length, this.#id, count);
    this.#announces = false;
    for (let i = 0; i < count; i++) {
      if (this.#attribute[i] !== 0) this.#announces = true;
      if (this.#id[i] !== -1) continue;
      const address = this.#address[i] as number;
      const length = this.#length[i] as number;
      if (this.#attribute[i] === 0) this.#id[i] = prefixes.find4(address, length);
      else {
        const id = prefixes.intern4(address, length, present);
        if (id < 0) return false;
        this.#id[i] = id;
      }
    }
    return true;
  }
}
