/**
 * Gives memory back to the system: the whole pages between two places of shared memory are forgotten. They read as zeros, and cost
 * nothing until somebody writes there. Linux only (madvise), through koffi; elsewhere the memory stays.
 */
import { openSync, readFileSync, readSync } from 'node:fs';
import { loadKoffi } from './koffi.ts';

export interface Giving {
  /** Octets of a page of the system's. */
  readonly page: number;
  /** How far behind the beginning of a page shared memory begins. It does not move. */
  offsetOf(memory: SharedArrayBuffer): number;
  /** Forgets the whole pages in [from, to), in octets; how many octets of them there were in memory. */
  giveBack(memory: SharedArrayBuffer, from: number, to: number): number;
  /** As that, where nobody counts. */
  forget(memory: SharedArrayBuffer, from: number, to: number): void;
  /** Octets of [from, to) that are in memory, by the page. */
  resident(memory: SharedArrayBuffer, from: number, to: number): number;
  /** Gives back what the C library keeps for what may be asked of it next. */
  trim(): void;
  /**
   * Forgets what was read of the files of this program and its libraries so far: of a start most is not needed again, as the compiler; what is
   * needed is still in the system's memory of files, and found there by the page. Octets.
   */
  forgetFiles(): number;
}

const MADV_DONTNEED = 4;
const SC_PAGESIZE = 30;
/**
 * A page in /proc/self/pagemap, eight octets, of which the last has: there, and nobody else's. So the one page of zeros that stands for all that were
 * only read does not count.
 */
const PAGEMAP = { octets: 8, last: 7, ours: 0x81 } as const;
/** Pages that are looked at in one call. */
const LOOK = 4096;

/** What the loader of programs maps, and leaves there: libc.so.6, libnode.so.108. */
const LIBRARY = /\.so(\.[0-9.]+)?$/;

let giving: Giving | undefined | 'unknown' = 'unknown';

export function systemGiving(): Giving | undefined {
  if (giving === 'unknown') giving = load();
  return giving;
}

function load(): Giving | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const koffi = loadKoffi();
    const libc = koffi.load(null);
    const sysconf = libc.func('long sysconf(int name)') as (name: number) => number;
    const madvise = libc.func('int madvise(uintptr_t address, size_t length, int advice)') as (
      address: number,
      length: number,
      advice: number,
    ) => number;
    const trim = libc.func('int malloc_trim(size_t pad)') as (pad: number) => number;
    const page = sysconf(SC_PAGESIZE);
    const count = pageCounter(page);
    const addresses = new WeakMap<SharedArrayBuffer, number>();
    const addressOf = (memory: SharedArrayBuffer): number => {
      const known = addresses.get(memory);
      if (known !== undefined) return known;
      const address = Number(koffi.address(new Uint8Array(memory, 0, Math.min(memory.byteLength, 1))));
      addresses.set(memory, address);
      return address;
    };
    /** The whole pages in [from, to), if there are any. */
    const forget = (memory: SharedArrayBuffer, from: number, to: number, counts: boolean): number => {
      const start = addressOf(memory);
      const first = Math.ceil((start + from) / page) * page;
      const end = Math.floor((start + to) / page) * page;
      if (end <= first) return 0;
      const octets = counts ? count(first, end) : 0;
      return madvise(first, end - first, MADV_DONTNEED) === 0 ? octets : 0;
    };
    return {
      page,
      offsetOf: (memory) => addressOf(memory) % page,
      giveBack: (memory, from, to) => forget(memory, from, to, true),
      forget: (memory, from, to) => {
        forget(memory, from, to, false);
      },
      resident: (memory, from, to) => {
        const start = addressOf(memory);
        return count(Math.floor((start + from) / page) * page, Math.ceil((start + to) / page) * page);
      },
      trim: () => {
        trim(0);
      },
      forgetFiles: () => {
        let forgotten = 0;
        for (const { start, end, octets } of unchangedFiles(ownMappings(), process.execPath))
          if (madvise(start, end - start, MADV_DONTNEED) === 0) forgotten += octets;
        return forgotten;
      },
    };
  } catch {
    return undefined;
  }
}

/** Nothing where it cannot be read: no descriptor may be left for it, or the system may not let us. */
function ownMappings(): string {
  try {
    return readFileSync('/proc/self/smaps', 'latin1');
  } catch {
    return '';
  }
}

/** How many octets between two addresses are in memory; all, where the system does not say. */
function pageCounter(page: number): (start: number, end: number) => number {
  let pagemap: number;
  try {
    pagemap = openSync('/proc/self/pagemap', 'r');
  } catch {
    return (start, end) => Math.max(0, end - start);
  }
  const { octets, last, ours } = PAGEMAP;
  const entries = new Uint8Array(LOOK * octets);
  return (start, end) => {
    let pages = 0;
    for (let at = start; at < end; at += LOOK * page) {
      const some = Math.min(LOOK, (end - at) / page);
      const read = readSync(pagemap, entries, 0, some * octets, (at / page) * octets);
      for (let i = last; i < read; i += octets) if (((entries[i] as number) & ours) === ours) pages++;
    }
    return pages * page;
  };
}

interface Mapping {
  readonly start: number;
  readonly end: number;
  /** Of it in memory. */
  readonly octets: number;
}

/**
 * What nobody can write and nobody has ever written of this program and its libraries, in a text like /proc/self/smaps: only that can be
 * had again from the file. The text is older than what is done with it, and other threads go on meanwhile: so it is only of files that are
 * never taken out of memory, which addons (.node) and files that somebody maps for a while are not; in their place there might be something
 * else by then.
 */
export function unchangedFiles(smaps: string, program: string): Mapping[] {
  const found: Mapping[] = [];
  for (const text of smaps.split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/)) {
    const [, start, end, rights, file] = /^(\w+)-(\w+) (\S+) \S+ \S+ \d+ +(\/.*)/.exec(text) ?? [];
    if (start === undefined || end === undefined || file === undefined) continue;
    if (!/^r-.p$/.test(rights ?? '') || (file !== program && !LIBRARY.test(file))) continue;
    const octets = kibi(text, 'Rss') * 1024;
    if (octets === 0 || kibi(text, 'Anonymous') !== 0) continue;
    found.push({ start: Number.parseInt(start, 16), end: Number.parseInt(end, 16), octets });
  }
  return found;
}

function kibi(text: string, name: string): number {
  return Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN);
}
