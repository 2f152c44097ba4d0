/** RFC 8092 3: large communities that are repeated count once, whichever way the message is read. */
import test from 'ava';
import { AttributeType } from '../../src/bgp/attribute-table.ts';
import { attributeValue } from '../../src/bgp/edit.ts';
import { CANONICAL_ROOM, canonicalize, decodeUpdate, UpdateView } from '../../src/bgp/update.ts';
import { attribute, BODY, path4, updateMessage, word } from './support.ts';

const OPTIONS = { fourOctetAs: true, external: true, families: 1, extendedMessages: true };

/** The last numbers of the large communities that are kept of such. */
function kept(numbers: readonly number[]): number[] {
  const large = numbers.flatMap((number) => [...word(65000), ...word(1), ...word(number)]);
  const attributes = [
    { flags: 0x40, type: 1, value: [0] },
    { flags: 0x40, type: 2, value: path4([{ type: 2, ases: [64501] }]) },
    { flags: 0x40, type: 3, value: [192, 0, 2, 1] },
    { flags: 0xc0, type: 32, value: large },
  ].flatMap(attribute);
  const message = updateMessage({ attributes, nlri: [24, 198, 51, 100] });
  const view = new UpdateView();
  decodeUpdate(message, BODY, message.length, OPTIONS, view);
  const set = new Uint8Array(CANONICAL_ROOM);
  const length = canonicalize(message, view, OPTIONS, false, set, 0);
  const value = attributeValue(set.subarray(0, length), AttributeType.LargeCommunities) as Uint8Array;
  const words = new DataView(value.slice().buffer);
  return Array.from({ length: value.length / 12 }, (_, i) => words.getUint32(12 * i + 8));
}

test('each large community is kept once, in the order in which they came', (t) => {
  t.deepEqual(kept([3, 1, 2]), [3, 1, 2]);
  t.deepEqual(kept([3, 1, 3, 2, 1, 1]), [3, 1, 2]);
  const many = Array.from({ length: 300 }, (_, i) => (i * 7) % 300);
  t.deepEqual(kept(many), many);
  t.deepEqual(kept([...many, ...many]), many);
});
