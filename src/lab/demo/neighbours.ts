/**
 * The neighbours at work: a BGP speaker for each of the cast, in a few threads beside the main one. They say
 * what their scripts hold, and note what they are told.
 */
import { availableParallelism } from 'node:os';
import type { SpeakerStats } from '../speaker.ts';
import { type RemoteSpeaker, SpeakerThread } from '../thread.ts';
import type { ToldSnapshot } from '../told.ts';
import { CAST, ROUTER_ADDRESS, ROUTER_AS } from './cast.ts';
import type { Script } from './feeds/feeds.ts';

export interface Tables {
  readonly v4: ToldSnapshot;
  readonly v6: ToldSnapshot;
}

const MOST_THREADS = 4;
/** UPDATE messages a second at which a round of changes is brought to its end. */
const HURRY = 20_000;
/** Milliseconds; the router listens already, so what takes longer has failed. */
const UP_PATIENCE = 20_000;

export class Neighbours {
  readonly #threads: readonly SpeakerThread[];
  readonly #speakers: RemoteSpeaker[] = [];
  #flowing: Promise<void>[] = [];

  constructor() {
    const threads = Math.max(2, Math.min(MOST_THREADS, availableParallelism()));
    this.#threads = Array.from({ length: threads }, (_, i) => new SpeakerThread(`speakers ${i}`));
  }

  /** Resolves when every session is Established. */
  async start(port: number, onUp: (sessions: number) => void): Promise<void> {
    for (const [i, { as, address }] of CAST.entries()) {
      const thread = this.#threads[i % this.#threads.length] as SpeakerThread;
      const speaker = await thread.add({
        localAs: as,
        remoteAs: ROUTER_AS,
        routerId: address,
        localAddress: address,
        connect: { host: ROUTER_ADDRESS, port },
        families: ['ipv4-unicast', 'ipv6-unicast'],
      });
      this.#speakers.push(speaker);
    }
    let sessions = 0;
    await Promise.all(this.#speakers.map((speaker) => speaker.up(UP_PATIENCE).then(() => onUp(++sessions))));
  }

  /** Resolves when every table is handed to its connection. */
  async sendTables(scripts: readonly Script[]): Promise<void> {
    await Promise.all(
      scripts.map(({ table }, i) => (table === undefined ? undefined : this.#speakers[i]?.send(table))),
    );
  }

  /** Changes flow from now on, round after round, `rate` messages a second in all. */
  startChanges(scripts: readonly Script[], rate: number): void {
    for (const [i, { changes }] of scripts.entries()) {
      const share = CAST[i]?.changes ?? 0;
      if (changes === undefined) continue;
      const flow = (this.#speakers[i] as RemoteSpeaker).send(changes, { rate: rate * share, loop: true });
      // It ends with the thread at the latest, which is told elsewhere.
      flow.catch(() => {});
      this.#flowing.push(flow);
    }
  }

  /** Brings the round to its end, after which every neighbour has told the table that it told first. */
  async endChanges(): Promise<void> {
    for (const speaker of this.#speakers) {
      await speaker.stopLoops();
      await speaker.setRate(HURRY);
    }
    await Promise.all(this.#flowing);
    this.#flowing = [];
  }

  stats(): Promise<SpeakerStats[]> {
    return Promise.all(this.#speakers.map((speaker) => speaker.stats()));
  }

  /** What one of them was told. */
  tables(index: number): Promise<Tables> {
    return (this.#speakers[index] as RemoteSpeaker).table();
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}
