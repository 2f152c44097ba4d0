/**
 * What a blade has to tell all its siblings: records that were made since they were last put into the rings. Each channel
 * takes them by itself, in one short loop, so that telling seven siblings costs little more than telling one.
 */
const ROOM = 1024;

export class Outbox {
  count = 0;
  /** PrefixId and hint of each record (channel.ts). */
  readonly words = new Int32Array(2 * ROOM);

  /** There is no room for another one: have it taken first. */
  get full(): boolean {
    return this.count === ROOM;
  }

  add(id: number, hint: number): void {
    const at = 2 * this.count++;
    this.words[at] = id;
    this.words[at + 1] = hint;
  }
}
