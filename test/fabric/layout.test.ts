import test from 'ava';
import {
  ALLOCATOR,
  BLADE_NUMBER,
  BLADE_WORD,
  BOX,
  CARD_NUMBER,
  CONNECTION,
  GRAFT,
  GRAFT_TIME,
  PAGE_WORDS,
  PREFIX_RECORD,
  RING,
  SESSION,
  SESSION_NUMBER,
} from '../../src/fabric/layout.ts';
import {
  columnCount,
  createFabricMemory,
  defaultFabricOptions,
  outViews,
  pagesPerColumn,
  prefixIds,
} from '../../src/fabric/memory.ts';

/** Words that are longer than one: addresses, and what the rib describes. */
const LENGTHS: Record<string, number> = {
  localAddress: 4,
  remoteAddress: 4,
  peerAddress: 4,
  lossesBySlot: 32,
};
const LAYOUTS = {
  PREFIX_RECORD,
  RING,
  CONNECTION,
  SESSION,
  SESSION_NUMBER,
  GRAFT,
  GRAFT_TIME,
  BLADE_NUMBER,
  BLADE_WORD,
  BOX,
  CARD_NUMBER,
  ALLOCATOR,
};

test('no word of a layout stands in the place of another, or outside', (t) => {
  for (const [name, { words, ...rest }] of Object.entries(LAYOUTS)) {
    const taken = new Map<number, string>();
    for (const [word, first] of Object.entries(rest)) {
      for (let at = first; at < first + (LENGTHS[word] ?? 1); at++) {
        t.is(taken.get(at), undefined, `${name}.${word} stands where ${taken.get(at)} does`);
        t.true(at >= 0 && at < words, `${name}.${word} stands outside`);
        taken.set(at, word);
      }
    }
  }
});

test('words of different writers stand on cache lines of their own', (t) => {
  const line = (word: number): number => word >>> 4;
  t.not(line(RING.head), line(RING.tail));
  const bladeWrites = [CONNECTION.want, CONNECTION.receiveTail, CONNECTION.transmitHead];
  const cardWrites = [CONNECTION.is, CONNECTION.why, CONNECTION.receiveHead, CONNECTION.transmitTail];
  for (const a of bladeWrites) for (const b of cardWrites) t.not(line(a), line(b));
});

test('the memory of a chassis fits its parts, from the smallest to the largest that can be configured', (t) => {
  for (const [blades, sessions, cards] of [
    [1, 32, 1],
    [4, 64, 1],
    [32, 1024, 16],
  ] as const) {
    const options = { ...defaultFabricOptions(blades, sessions, cards), attributeBytes: 1 << 20 };
    const memory = createFabricMemory(options);
    t.is(memory.prefixRecords.byteLength, prefixIds(options) * PREFIX_RECORD.words * 4);
    t.true(pagesPerColumn(options) * PAGE_WORDS >= prefixIds(options));
    t.is(memory.directories.byteLength, columnCount(options) * pagesPerColumn(options) * 4);
    t.true(outViews(options) >= 2 * sessions, 'a view for each session, and one that it leaves behind');
    for (const size of ['ringRecords', 'receiveBytes', 'transmitBytes', 'attributes'] as const)
      t.is(Math.log2(options[size]) % 1, 0);
  }
});
