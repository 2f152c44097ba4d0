/** What is in an MRT file, counted: what `show` prints of a file, and what tests compare with known counts. */
import { Afi, Safi } from '../bgp/families.ts';
import { HEADER_LENGTH, MessageType, messageType } from '../bgp/message.ts';
import { Prefix, readPrefix4, readPrefix6 } from '../bgp/nlri.ts';
import { readMrt } from './reader.ts';
import { type MessageRecord, type MrtRecord, RibEntry } from './records.ts';
import { forEachRoute } from './update-routes.ts';

export interface PerFamily {
  ipv4: number;
  ipv6: number;
  /** Multicast, and families whose routes are no prefixes. */
  other: number;
}

export interface MrtSummary {
  records: number;
  unknown: number;
  firstTime: number;
  lastTime: number;
  /** Peers that the file names, and those that it has something of. */
  peersListed: number;
  peers: number;
  /** Routes of a table dump. */
  entries: number;
  /** Different prefixes, of dumps and announcements. */
  prefixes: PerFamily;
  opens: number;
  updates: number;
  notifications: number;
  keepalives: number;
  refreshes: number;
  /** Messages of no known type, and UPDATEs that do not parse. */
  malformed: number;
  stateChanges: number;
  announced: PerFamily;
  withdrawn: PerFamily;
}

const none = (): PerFamily => ({ ipv4: 0, ipv6: 0, other: 0 });

export async function summarise(file: string): Promise<MrtSummary> {
  const counter = new Counter();
  await readMrt(file, (record) => counter.take(record));
  return counter.finish();
}

class Counter {
  readonly #summary: MrtSummary = {
    records: 0,
    unknown: 0,
    firstTime: 0,
    lastTime: 0,
    peersListed: 0,
    peers: 0,
    entries: 0,
    prefixes: none(),
    opens: 0,
    updates: 0,
    notifications: 0,
    keepalives: 0,
    refreshes: 0,
    malformed: 0,
    stateChanges: 0,
    announced: none(),
    withdrawn: none(),
  };
  readonly #peers = new Set<string | number>();
  readonly #prefixes4 = new Set<number>();
  readonly #prefixes6 = new Set<string>();
  readonly #entry = new RibEntry();
  readonly #prefix = new Prefix();

  take(record: MrtRecord): void {
    const summary = this.#summary;
    if (summary.records++ === 0) summary.firstTime = record.header.time;
    summary.lastTime = record.header.time;
    switch (record.kind) {
      case 'peer-index':
        summary.peersListed += record.peers.length;
        return;
      case 'rib':
        for (let i = 0, at = record.entriesStart; i < record.entryCount; i++) {
          at = this.#entry.read(record, at);
          this.#peers.add(this.#entry.peerIndex);
        }
        summary.entries += record.entryCount;
        this.#seen(record.afi, record.safi, record.prefix);
        return;
      case 'table-dump':
        summary.entries++;
        this.#peers.add(`${record.peerAs} ${record.peerAddress.join('.')}`);
        this.#seen(record.afi, Safi.Unicast, record.prefix);
        return;
      case 'message':
        this.#peers.add(`${record.peerAs} ${record.peerAddress.join('.')}`);
        this.#message(record);
        return;
      case 'state-change':
        this.#peers.add(`${record.peerAs} ${record.peerAddress.join('.')}`);
        summary.stateChanges++;
        return;
      case 'unknown':
        summary.unknown++;
    }
  }

  finish(): MrtSummary {
    this.#summary.peers = this.#peers.size;
    this.#summary.prefixes.ipv4 = this.#prefixes4.size;
    this.#summary.prefixes.ipv6 = this.#prefixes6.size;
    return this.#summary;
  }

  #message(record: MessageRecord): void {
    const summary = this.#summary;
    const { bytes, messageStart, messageEnd } = record;
    switch (messageEnd - messageStart < HEADER_LENGTH ? 0 : messageType(bytes, messageStart)) {
      case MessageType.Open:
        summary.opens++;
        return;
      case MessageType.Update:
        summary.updates++;
        this.#update(record);
        return;
      case MessageType.Notification:
        summary.notifications++;
        return;
      case MessageType.Keepalive:
        summary.keepalives++;
        return;
      case MessageType.RouteRefresh:
        summary.refreshes++;
        return;
      default:
        summary.malformed++;
    }
  }

  #update(record: MessageRecord): void {
    const { bytes, messageStart, messageEnd, addPath } = record;
    const prefix = this.#prefix;
    const right = forEachRoute(
      bytes,
      messageStart + HEADER_LENGTH,
      messageEnd,
      addPath,
      (announced, afi, safi, at) => {
        const counts = announced ? this.#summary.announced : this.#summary.withdrawn;
        counts[familyName(afi, safi)]++;
        if (!announced) return;
        if (afi === Afi.Ipv4) readPrefix4(bytes, at, prefix);
        else readPrefix6(bytes, at, prefix);
        this.#seen(afi, safi, prefix);
      },
    );
    if (!right) this.#summary.malformed++;
  }

  #seen(afi: number, safi: number, prefix: Prefix): void {
    const family = familyName(afi, safi);
    if (family === 'ipv4') this.#prefixes4.add(prefix.word0 * 64 + prefix.length);
    else if (family === 'ipv6') {
      const { length, word0, word1, word2, word3 } = prefix;
      this.#prefixes6.add(`${word0} ${word1} ${word2} ${word3}/${length}`);
    } else this.#summary.prefixes.other++;
  }
}

function familyName(afi: number, safi: number): keyof PerFamily {
  if (safi !== Safi.Unicast) return 'other';
  return afi === Afi.Ipv4 ? 'ipv4' : afi === Afi.Ipv6 ? 'ipv6' : 'other';
}
