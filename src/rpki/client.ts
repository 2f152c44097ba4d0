/**
 * One RPKI cache and the session with it (RFC 8210 8): connects, asks for everything once and for differences from then on,
 * and holds what the cache told until it expires, also while the cache cannot be reached.
 *
 *   connect ─→ Reset Query or Serial Query ─→ Cache Response, prefixes … ─→ End of Data ─→ (Serial Notify, or the refresh
 *   time is over) ─→ Serial Query …
 *
 * What comes between Cache Response and End of Data is put aside, and becomes true at End of Data as a whole or not at all.
 * Owns a socket, timers and the VRPs of this cache; runs on the chassis' thread.
 */
import { connect, type Socket } from 'node:net';
import {
  ERROR_NAMES,
  encodeErrorReport,
  encodeResetQuery,
  encodeSerialQuery,
  type Pdu,
  RTR_ERROR,
  RtrError,
  readPdu,
  type Timing,
  VERSION,
} from './pdu.ts';
import { MOST_VRPS } from './table.ts';
import { VrpSet } from './vrp-set.ts';

export interface CacheOptions {
  readonly address: string;
  readonly port: number;
  /** Connect from this address. */
  readonly localAddress?: string;
  /** Of these the lowest counts first. */
  readonly preference: number;
  /** Seconds, in place of what the cache says (RFC 8210 6). */
  readonly refresh?: number;
  readonly retry?: number;
  readonly expire?: number;
}

export type CacheState = 'connecting' | 'synchronising' | 'synchronised' | 'waiting';

export interface CacheEvents {
  /** What is to be believed of this cache is another set now, or nothing any more. */
  changed(client: RtrClient): void;
  /** For the log. */
  tell(text: string): void;
}

/** Seconds, until the cache says otherwise (RFC 8210 6). */
const DEFAULTS: Timing = { refresh: 3600, retry: 600, expire: 7200 };
const BOUNDS = { refresh: [1, 86_400], retry: [1, 7200], expire: [600, 172_800] } as const;
/** Seconds without a byte from a cache that owes an answer, until the session with it ends. */
const PATIENCE = 60;
/** Seconds before the first attempts to reach a cache again; then its retry time. */
const FIRST_RETRIES = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/** Longer texts of caches are cut in the log. */
const LONGEST_TEXT = 200;

type PrefixPdu = Extract<Pdu, { kind: 'prefix' }>;

/** What comes between a Cache Response and its End of Data. */
interface Transfer {
  /** Everything anew; undefined: differences. */
  readonly fresh: { readonly ipv4: VrpSet; readonly ipv6: VrpSet } | undefined;
  readonly differences: PrefixPdu[];
}

export class RtrClient {
  readonly options: CacheOptions;
  ipv4 = new VrpSet(1);
  ipv6 = new VrpSet(4);
  state: CacheState = 'waiting';
  version: number = VERSION;
  /** Session ID and serial number of what is held; undefined: nothing is. */
  session: number | undefined;
  serial = 0;
  /** Date.now() of the last End of Data. */
  updatedAt: number | undefined;
  /** Why the last session with the cache ended. */
  lastError: string | undefined;
  readonly #events: CacheEvents;
  #timing: Timing = DEFAULTS;
  #socket: Socket | undefined;
  #waiting: Buffer = Buffer.alloc(0);
  #transfer: Transfer | undefined;
  /** A query was sent and its End of Data did not come yet. */
  #asked = false;
  /** The version of this connection is settled: something came. */
  #settled = false;
  /** Everything is to be asked for: what is held, if anything, is no base for differences. */
  #full = true;
  /** The session id of the answer that is coming. */
  #answering = 0;
  /** A Serial Notify came while an answer was on its way. */
  #notified: number | undefined;
  #failures = 0;
  #next: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: CacheOptions, events: CacheEvents) {
    this.options = options;
    this.#events = events;
  }

  get name(): string {
    const { address, port } = this.options;
    return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  }

  /** What is held may be used. */
  get usable(): boolean {
    return this.session !== undefined;
  }

  /** In force: what the cache said, or what the configuration says in its place. */
  get timing(): Timing {
    const { refresh, retry, expire } = this.options;
    return {
      refresh: refresh ?? this.#timing.refresh,
      retry: retry ?? this.#timing.retry,
      expire: expire ?? this.#timing.expire,
    };
  }

  start(): void {
    if (this.#stopped) return;
    const { address: host, port, localAddress } = this.options;
    this.state = 'connecting';
    this.#settled = false;
    this.#waiting = Buffer.alloc(0);
    const socket = connect(localAddress === undefined ? { host, port } : { host, port, localAddress });
    this.#socket = socket;
    socket.setKeepAlive(true, PATIENCE * 1000);
    socket.setTimeout(PATIENCE * 1000, () => {
      if (this.#asked || socket.connecting) socket.destroy(new Error(`no answer for ${PATIENCE} s`));
    });
    socket.on('connect', () => this.#ask());
    socket.on('data', (bytes) => this.#onData(socket, bytes));
    let why = 'the cache closed the connection';
    socket.on('error', (error) => {
      why = error.message;
    });
    socket.on('close', () => {
      if (this.#socket === socket) this.#onClosed(why);
    });
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#next);
    clearTimeout(this.#expiry);
    this.#socket?.destroy();
    this.#socket = undefined;
    this.state = 'waiting';
  }

  /** Asks at once for what is new. */
  refresh(): void {
    if (this.#socket === undefined) {
      clearTimeout(this.#next);
      this.start();
    } else if (this.state === 'synchronised') this.#ask();
  }

  /** RFC 8210 8.1, 8.2 */
  #ask(): void {
    clearTimeout(this.#next);
    this.state = 'synchronising';
    this.#asked = true;
    this.#notified = undefined;
    const { session, serial, version } = this;
    const anew = session === undefined || this.#full;
    this.#full = anew;
    this.#socket?.write(anew ? encodeResetQuery(version) : encodeSerialQuery(version, session, serial));
  }

  #onData(socket: Socket, bytes: Buffer): void {
    const all = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes]);
    let at = 0;
    try {
      for (;;) {
        const read = readPdu(all, at, all.length);
        if (read === undefined || this.#socket !== socket) break;
        this.#checkVersion(read.version, read.pdu, all.subarray(at, read.end));
        at = read.end;
        this.#onPdu(read.pdu);
      }
      this.#waiting = all.subarray(at);
    } catch (error) {
      if (!(error instanceof RtrError)) throw error;
      this.#full = true;
      socket.end(encodeErrorReport(this.version, error));
      socket.destroySoon();
      this.#socket = undefined;
      this.#onClosed(`${ERROR_NAMES[error.code] ?? 'error'}: ${error.message}`);
    }
  }

  /** RFC 8210 7: the first PDU settles the version; a cache that knows an older one only is met there. */
  #checkVersion(version: number, pdu: Pdu, bytes: Uint8Array): void {
    if (pdu.kind === 'errorReport') return;
    if (!this.#settled && version < this.version && pdu.kind === 'cacheResponse') this.version = version;
    if (version !== this.version) {
      // A Serial Notify may come before the version is settled; it is to be ignored then.
      if (!this.#settled && pdu.kind === 'serialNotify') return;
      const code = this.#settled ? RTR_ERROR.unexpectedVersion : RTR_ERROR.unsupportedVersion;
      throw new RtrError(code, `version ${version} where ${this.version} was to come`, bytes.slice());
    }
    this.#settled = true;
  }

  #onPdu(pdu: Pdu): void {
    switch (pdu.kind) {
      case 'serialNotify':
        this.#onNotify(pdu.session, pdu.serial);
        break;
      case 'cacheResponse':
        this.#onResponse(pdu.session);
        break;
      case 'prefix':
        this.#onPrefix(pdu);
        break;
      case 'endOfData':
        this.#onEndOfData(pdu);
        break;
      case 'cacheReset':
        // RFC 8210 8.3: what we hold stays in use until all has come anew.
        this.#transfer = undefined;
        this.#full = true;
        if (this.#asked) this.#ask();
        break;
      case 'errorReport':
        this.#onErrorReport(pdu.code, pdu.text);
        break;
      case 'ignored':
        break;
      default:
        pdu satisfies never;
    }
  }

  /** RFC 8210 5.2 */
  #onNotify(session: number, serial: number): void {
    if (session === this.session && serial === this.serial) return;
    if (this.state === 'synchronised') this.#ask();
    else this.#notified = serial;
  }

  /** RFC 8210 5.5.  */
  #onResponse(session: number): void {
    if (!this.#asked || this.#transfer !== undefined) {
      throw new RtrError(RTR_ERROR.corruptData, 'a Cache Response that answers nothing');
    }
    // RFC 8210 5.1: another session in answer to a Serial Query: all must be asked for anew.
    if (!this.#full && session !== this.session) {
      throw new RtrError(RTR_ERROR.corruptData, `session ${session} where ${this.session} was to come`);
    }
    this.#transfer = {
      fresh: this.#full ? { ipv4: new VrpSet(1), ipv6: new VrpSet(4) } : undefined,
      differences: [],
    };
    this.#answering = session;
  }

  #onPrefix(pdu: PrefixPdu): void {
    const transfer = this.#transfer;
    if (transfer === undefined) throw new RtrError(RTR_ERROR.corruptData, 'a prefix outside of an answer');
    if (transfer.fresh === undefined) {
      if (transfer.differences.length === 2 * MOST_VRPS) throw tooMany();
      transfer.differences.push(pdu);
      return;
    }
    apply(pdu, transfer.fresh.ipv4, transfer.fresh.ipv6);
  }

  #onEndOfData({ session, serial, timing }: Extract<Pdu, { kind: 'endOfData' }>): void {
    const transfer = this.#transfer;
    if (transfer === undefined || session !== this.#answering) {
      throw new RtrError(RTR_ERROR.corruptData, 'an End of Data that ends nothing');
    }
    let changed = transfer.differences.length > 0;
    if (transfer.fresh !== undefined) {
      ({ ipv4: this.ipv4, ipv6: this.ipv6 } = transfer.fresh);
      changed = true;
    } else for (const pdu of transfer.differences) apply(pdu, this.ipv4, this.ipv6);
    this.#transfer = undefined;
    this.#asked = false;
    this.#full = false;
    this.session = session;
    this.serial = serial;
    if (timing !== undefined) this.#timing = bounded(timing);
    this.state = 'synchronised';
    this.updatedAt = Date.now();
    this.#failures = 0;
    this.lastError = undefined;
    clearTimeout(this.#expiry);
    this.#expiry = timer(this.timing.expire, () => this.#onExpired());
    this.#next = timer(this.timing.refresh, () => this.#ask());
    if (changed) this.#events.changed(this);
    if (this.#notified !== undefined && this.#notified !== serial) this.#ask();
  }

  /** RFC 8210 5.11, 12 */
  #onErrorReport(code: number, text: string): void {
    const name = ERROR_NAMES[code] ?? `error ${code}`;
    const said = text === '' ? name : `${name}: ${text.slice(0, LONGEST_TEXT)}`;
    if (code === RTR_ERROR.unsupportedVersion && !this.#settled && this.version > 0) {
      this.version--;
      this.#failures = 0;
    } else if (code !== RTR_ERROR.noDataAvailable) this.#full = true;
    this.#socket?.destroy(new Error(`the cache says ${said}`));
  }

  #onClosed(why: string): void {
    this.#socket = undefined;
    this.#transfer = undefined;
    this.#asked = false;
    this.#waiting = Buffer.alloc(0);
    clearTimeout(this.#next);
    this.state = 'waiting';
    if (this.#stopped) return;
    if (why !== this.lastError) this.#events.tell(`RPKI cache ${this.name}: ${why}`);
    this.lastError = why;
    const { retry } = this.timing;
    const wait = Math.min(retry, FIRST_RETRIES[this.#failures++] ?? retry);
    this.#next = timer(wait, () => this.start());
  }

  /** RFC 8210 6: after the expire time nothing of it may be used. */
  #onExpired(): void {
    this.#events.tell(`RPKI cache ${this.name}: what it told has expired`);
    this.ipv4 = new VrpSet(1);
    this.ipv6 = new VrpSet(4);
    this.session = undefined;
    this.#full = true;
    this.#events.changed(this);
  }
}

/** RFC 8210 12, codes 6 and 7 */
function apply(pdu: PrefixPdu, ipv4: VrpSet, ipv6: VrpSet): void {
  const set = pdu.address.length === 1 ? ipv4 : ipv6;
  const { address, length, maxLength, as } = pdu;
  if (!pdu.announce) {
    if (set.remove(address, length, maxLength, as)) return;
    throw new RtrError(RTR_ERROR.withdrawalOfUnknown, 'a prefix is withdrawn that was not announced');
  }
  if (set.size === MOST_VRPS) throw tooMany();
  if (!set.add(address, length, maxLength, as)) {
    throw new RtrError(RTR_ERROR.duplicateAnnouncement, 'a prefix is announced twice');
  }
}

function tooMany(): RtrError {
  return new RtrError(RTR_ERROR.internalError, `more than ${MOST_VRPS} VRPs of a family`);
}

function bounded(timing: Timing): Timing {
  const within = (name: keyof Timing): number =>
    Math.min(BOUNDS[name][1], Math.max(BOUNDS[name][0], timing[name]));
  return { refresh: within('refresh'), retry: within('retry'), expire: within('expire') };
}

function timer(seconds: number, work: () => void): NodeJS.Timeout {
  return setTimeout(work, seconds * 1000).unref();
}
