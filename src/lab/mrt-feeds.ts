/**
 * Feeds from real MRT files: the largest peers of a dump become the neighbours of the router under test.
 *
 * Of a table dump each peer's routes are packed as any table; of BGP4MP messages each peer's UPDATEs are sent
 * again as it sent them. Either way an external neighbour says them: its own AS stands in front of AS_PATH,
 * the next hop is its own, and LOCAL_PREF is gone. The file is read twice: to find the peers, and to take them.
 */

import { FAMILY_IPV4, FAMILY_IPV6 } from '../bgp/families.ts';
import { HEADER_LENGTH, MessageType, messageType } from '../bgp/message.ts';
import { decodeUpdate, UpdateView } from '../bgp/update.ts';
import { readMrt } from '../mrt/reader.ts';
import {
  type MessageRecord,
  type MrtPeer,
  type MrtRecord,
  RibEntry,
  type RibRecord,
} from '../mrt/records.ts';
import { type EncodeOptions, encodeFeed, type Feed } from './feed.ts';
import { PeerCollector } from './peer-collector.ts';
import type { Routes } from './routes.ts';

export interface MrtNeighbour {
  /** Its AS; without it that of the peer in the file. */
  readonly as?: number;
  readonly nextHop: string;
  readonly nextHop6?: string;
}

export interface MrtFeed {
  /** The AS that the neighbour must have. */
  readonly as: number;
  /** The peer in the file. */
  readonly peerAs: number;
  readonly peerAddress: string;
  /** Routes at the end of the file. */
  readonly routes: Routes;
  readonly feed: Feed;
  /** Routes and messages that could not be used: damaged ones, further paths of ADD-PATH. */
  readonly skipped: number;
}

/** Feeds of the largest peers, one for each of `neighbours`, or fewer where the file has fewer peers. */
export async function feedsFromMrt(
  file: string,
  neighbours: readonly MrtNeighbour[],
  options: EncodeOptions = {},
): Promise<MrtFeed[]> {
  const largest = (await countPeers(file)).slice(0, neighbours.length);
  const collectors = new Map<string, PeerCollector>();
  for (const [i, { key, as }] of largest.entries()) {
    const neighbour = neighbours[i] as MrtNeighbour;
    collectors.set(key, new PeerCollector(neighbour.as ?? as, neighbour.nextHop, neighbour.nextHop6));
  }
  const taker = new Taker(collectors);
  await readMrt(file, (record) => taker.take(record));
  return largest.map(({ key, as, address }) => {
    const collector = collectors.get(key) as PeerCollector;
    const routes = collector.routes();
    const feed = collector.sentMessages ? collector.asSent(options) : encodeFeed(routes, options);
    return { as: collector.as, peerAs: as, peerAddress: address, routes, feed, skipped: collector.skipped };
  });
}

interface CountedPeer {
  readonly key: string;
  readonly as: number;
  readonly address: string;
  routes: number;
}

function keyOf(as: number, address: Uint8Array): string {
  return `${as} ${address.join('.')}`;
}

/** The peers of a file, those with the most routes first. */
async function countPeers(file: string): Promise<CountedPeer[]> {
  const counted = new Map<string, CountedPeer>();
  const add = (as: number, address: Uint8Array, routes: number): void => {
    const key = keyOf(as, address);
    const peer = counted.get(key);
    if (peer === undefined) counted.set(key, { key, as, address: addressOf(address), routes });
    else peer.routes += routes;
  };
  let peers: readonly MrtPeer[] = [];
  let byIndex: number[] = [];
  const view = new UpdateView();
  const entry = new RibEntry();
  await readMrt(file, (record) => {
    if (record.kind === 'peer-index') {
      for (const [i, routes] of byIndex.entries()) add(peers[i]!.as, peers[i]!.address, routes);
      peers = record.peers;
      byIndex = peers.map(() => 0);
    } else if (record.kind === 'rib') {
      for (let i = 0, at = record.entriesStart; i < record.entryCount; i++) {
        at = entry.read(record, at);
        if (entry.peerIndex < byIndex.length) byIndex[entry.peerIndex]!++;
      }
    } else if (record.kind === 'table-dump') add(record.peerAs, record.peerAddress, 1);
    else if (record.kind === 'message' && readUpdate(record, view)) {
      // Octets stand for routes: all that matters is which peer has more of them.
      add(
        record.peerAs,
        record.peerAddress,
        view.nlriEnd - view.nlriStart + view.reachNlriEnd - view.reachNlriStart,
      );
    }
  });
  for (const [i, routes] of byIndex.entries()) add(peers[i]!.as, peers[i]!.address, routes);
  return [...counted.values()].filter(({ routes }) => routes > 0).sort((a, b) => b.routes - a.routes);
}

function addressOf(address: Uint8Array): string {
  if (address.length === 4) return address.join('.');
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((address[i]! << 8) | address[i + 1]!).toString(16));
  return groups.join(':');
}

/** Locates the parts of a received UPDATE; false for every other message. */
function readUpdate(record: MessageRecord, view: UpdateView): boolean {
  const { bytes, messageStart, messageEnd, local } = record;
  if (local || messageEnd - messageStart < HEADER_LENGTH + 4) return false;
  if (messageType(bytes, messageStart) !== MessageType.Update) return false;
  const options = { fourOctetAs: record.asSize === 4, external: false, families: FAMILY_IPV4 | FAMILY_IPV6 };
  decodeUpdate(bytes, messageStart + HEADER_LENGTH, messageEnd, options, view);
  return true;
}

/** Gives each record of the file to the collectors of the peers that it is about. */
class Taker {
  readonly #collectors: ReadonlyMap<string, PeerCollector>;
  readonly #entry = new RibEntry();
  readonly #view = new UpdateView();
  #byIndex: (PeerCollector | undefined)[] = [];

  constructor(collectors: ReadonlyMap<string, PeerCollector>) {
    this.#collectors = collectors;
  }

  take(record: MrtRecord): void {
    if (record.kind === 'peer-index') {
      this.#byIndex = record.peers.map(({ as, address }) => this.#collectors.get(keyOf(as, address)));
    } else if (record.kind === 'rib') this.#rib(record);
    else if (record.kind === 'table-dump') {
      const collector = this.#collectors.get(keyOf(record.peerAs, record.peerAddress));
      const { bytes, attributesStart, attributesEnd } = record;
      collector?.route(record.afi, record.prefix, bytes, attributesStart, attributesEnd, 2);
    } else if (record.kind === 'message') {
      const collector = this.#collectors.get(keyOf(record.peerAs, record.peerAddress));
      if (collector === undefined || !readUpdate(record, this.#view)) return;
      if (record.addPath) collector.skipped++;
      else collector.message(record.bytes, this.#view, record.asSize);
    }
  }

  #rib(record: RibRecord): void {
    if (record.safi !== 1) return;
    const entry = this.#entry;
    for (let i = 0, at = record.entriesStart; i < record.entryCount; i++) {
      at = entry.read(record, at);
      const collector = this.#byIndex[entry.peerIndex];
      const { attributesStart, attributesEnd } = entry;
      collector?.route(record.afi, record.prefix, record.bytes, attributesStart, attributesEnd, 4);
    }
  }
}
