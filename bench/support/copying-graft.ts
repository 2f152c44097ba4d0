/**
 * A graft that copies, as between the blades of the paper's prototype: the Adj-RIB-In is taken out of one BGP process,
 * serialised with msgpackr, sent to another one, and imported there with a run of the decision process a prefix. Both
 * processes are ours, in threads with a fabric each and nothing shared, so that only the way of grafting differs.
 */
import { fileURLToPath } from 'node:url';
import { isMainThread, type MessagePort, Worker, workerData } from 'node:worker_threads';
import { Packr } from 'msgpackr';
import { monotonicMilliseconds } from '../../src/base/clock.ts';
import { ownThread } from '../../src/base/thread-time.ts';
import { HEADER_LENGTH } from '../../src/bgp/message.ts';
import { Prefix, readPrefix4 } from '../../src/bgp/nlri.ts';
import { CANONICAL_ROOM, canonicalize, decodeUpdate, UpdateView } from '../../src/bgp/update.ts';
import { ACCEPT_ALL } from '../../src/blade/policies.ts';
import { Routes } from '../../src/blade/routes/routes.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { SESSION, SESSION_FLAG } from '../../src/fabric/layout.ts';
import { createFabricMemory, defaultFabricOptions } from '../../src/fabric/memory.ts';
import type { Feed } from '../../src/lab/feed.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import { ATTRIBUTE_MASK } from '../../src/rib/route-word.ts';

export interface CopyTimes {
  readonly routes: number;
  /** Bytes on the way. */
  readonly bytes: number;
  /** Milliseconds. */
  readonly export: number;
  readonly transfer: number;
  readonly import: number;
  readonly total: number;
  readonly decisionsRun: number;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
}

export interface CopyOptions {
  /** Milliseconds without work before and after each round. */
  readonly rest?: number;
  /** The system's numbers of both threads, before the first round. */
  readonly threads?: (source: number, target: number) => void;
}

/** What is exported: a set of attributes, and the prefixes that have it (address, length, address, length …). */
type Exported = { readonly attributes: Uint8Array; readonly prefixes: number[] }[];

interface Exporting {
  readonly feed: Feed;
  readonly port: MessagePort;
}

interface Importing {
  readonly port: MessagePort;
  readonly rounds: number;
  readonly rest: number;
}

/** What a thread says: its number first, and the importing one what it measured. */
type Said = number | CopyTimes[];

/** Copies the routes of a feed from one process to another, some times over. */
export async function copyingGrafts(
  feed: Feed,
  rounds: number,
  options: CopyOptions = {},
): Promise<CopyTimes[]> {
  const { rest = 0 } = options;
  const { port1, port2 } = new MessageChannel();
  const file = fileURLToPath(import.meta.url);
  const exporter = new Worker(file, { workerData: { feed, port: port1 }, transferList: [port1] });
  const importer = new Worker(file, { workerData: { port: port2, rounds, rest }, transferList: [port2] });
  const failed = new Promise<never>((_, reject) => {
    for (const worker of [exporter, importer]) worker.once('error', reject);
  });
  const said = (worker: Worker): Promise<Said> => new Promise((resolve) => worker.once('message', resolve));
  const [source, target] = (await Promise.race([
    Promise.all([said(exporter), said(importer)]),
    failed,
  ])) as number[];
  options.threads?.(source as number, target as number);
  const result = (await Promise.race([said(importer), failed])) as CopyTimes[];
  await sleep(rest);
  await Promise.all([exporter.terminate(), importer.terminate()]);
  return result;
}

function newProcess(): { fabric: Fabric; routes: Routes } {
  const memory = createFabricMemory(defaultFabricOptions(1, 32));
  const fabric = new Fabric(memory, 0, describeFor(65000));
  fabric.setSession(0, SESSION.flags, SESSION_FLAG.external | SESSION_FLAG.fourOctetAs);
  const routes = new Routes(fabric, 0, {
    onBestChanged: () => {},
    onBestsChanged: () => {},
    onPathsChanged: () => {},
    onMarker: () => {},
    onAnswer: () => {},
  });
  routes.evaluator.serve(0, true);
  fabric.sessionLimit = 1;
  return { fabric, routes };
}

/** The process that the session leaves: holds the feed, exports it whenever it is asked. */
function runExporter({ feed, port }: Exporting): void {
  const { fabric, routes } = newProcess();
  load(fabric, routes, feed);
  const packr = new Packr();
  port.on('message', () => {
    const start = monotonicMilliseconds();
    const packed = packr.pack(exportRib(fabric));
    const end = monotonicMilliseconds();
    port.postMessage({ packed, start, end });
  });
  port.postMessage('ready');
}

function load(fabric: Fabric, routes: Routes, feed: Feed): void {
  const view = new UpdateView();
  const into = new Uint8Array(CANONICAL_ROOM);
  const options = { fourOctetAs: true, external: true, families: 1 };
  const prefix = new Prefix();
  for (let message = 0; message < feed.messages; message++) {
    const start = feed.offsets[message] as number;
    const end = feed.offsets[message + 1] as number;
    decodeUpdate(feed.bytes, start + HEADER_LENGTH, end, options, view);
    if (view.nlriStart === view.nlriEnd) continue;
    const attribute = fabric.attributes.intern(
      into,
      0,
      canonicalize(feed.bytes, view, options, false, into, 0),
    );
    for (let at = view.nlriStart; at < view.nlriEnd; ) {
      at = readPrefix4(feed.bytes, at, prefix);
      routes.announce(0, fabric.prefixes.intern4(prefix.word0, prefix.length), attribute, ACCEPT_ALL);
    }
  }
}

function exportRib(fabric: Fabric): Exported {
  const sets = new Map<number, { attributes: Uint8Array; prefixes: number[] }>();
  const { attributes, columns, prefixes } = fabric;
  for (let id = 0; id < prefixes.used4(); id++) {
    const attribute = columns.get(0, id) & ATTRIBUTE_MASK;
    if (attribute === 0) continue;
    let set = sets.get(attribute);
    if (set === undefined) {
      const start = attributes.offsetOf(attribute);
      set = {
        attributes: attributes.bytes.slice(start, start + attributes.lengthOf(attribute)),
        prefixes: [],
      };
      sets.set(attribute, set);
    }
    set.prefixes.push(prefixes.address4(id), prefixes.length4(id));
  }
  return [...sets.values()];
}

/** The process that the session comes to: starts empty each round. */
function runImporter({ port, rounds, rest }: Importing): void {
  const packr = new Packr();
  const times: CopyTimes[] = [];
  let asked = 0;
  port.on('message', (message: 'ready' | { packed: Uint8Array; start: number; end: number }) => {
    if (message !== 'ready') {
      const arrived = monotonicMilliseconds();
      const { fabric, routes } = newProcess();
      const begun = monotonicMilliseconds();
      const count = importRib(fabric, routes, packr.unpack(message.packed) as Exported);
      const end = monotonicMilliseconds();
      times.push({
        routes: count,
        bytes: message.packed.length,
        export: message.end - message.start,
        transfer: arrived - message.end,
        import: end - begun,
        // An empty process stands ready: making it is not part of the graft.
        total: end - begun + arrived - message.start,
        decisionsRun: routes.evaluator.evaluations,
        startedAt: message.start,
      });
    }
    if (times.length < rounds) setTimeout(() => port.postMessage({ round: asked++ }), rest);
    else say(times);
  });
}

function importRib(fabric: Fabric, routes: Routes, exported: Exported): number {
  let count = 0;
  for (const { attributes, prefixes } of exported) {
    const attribute = fabric.attributes.intern(attributes, 0, attributes.length);
    for (let i = 0; i < prefixes.length; i += 2) {
      const id = fabric.prefixes.intern4(prefixes[i] as number, prefixes[i + 1] as number);
      routes.announce(0, id, attribute, ACCEPT_ALL);
      count++;
    }
  }
  return count;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

let say: (said: Said) => void = () => {};

if (!isMainThread && workerData !== null) {
  const { parentPort } = await import('node:worker_threads');
  say = (said) => parentPort?.postMessage(said);
  say(ownThread());
  if ('feed' in workerData) runExporter(workerData as Exporting);
  else runImporter(workerData as Importing);
}
