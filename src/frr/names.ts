/** Names in the configuration that is made: FRR takes nearly anything, graftd letters, digits, "-" and "_". */
export class Names {
  readonly #given = new Map<string, string>();
  readonly #taken = new Set<string>();

  constructor(...taken: readonly string[]) {
    for (const name of taken) this.#taken.add(name);
  }

  /** The name of a thing; the same one whenever it is asked for. `wish`: what it would best be called. */
  of(thing: string, wish = thing): string {
    const before = this.#given.get(thing);
    if (before !== undefined) return before;
    const plain = wish.replaceAll(/[^A-Za-z0-9_-]+/g, '-').replaceAll(/^-+|-+$/g, '');
    const lettered = /^[A-Za-z]/.test(plain) ? plain : `n${plain}`;
    let name = lettered;
    for (let i = 2; this.#taken.has(name); i++) name = `${lettered}-${i}`;
    this.#taken.add(name);
    this.#given.set(thing, name);
    return name;
  }
}
