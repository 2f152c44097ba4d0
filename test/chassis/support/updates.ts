/** UPDATE messages for a raw neighbour: IPv4 /24s, by number, with one set of attributes. */
import { HEADER_LENGTH, MessageType, writeHeader } from '../../../src/bgp/message.ts';

export interface UpdateOptions {
  readonly as: number;
  /** ASes behind that one in AS_PATH. */
  readonly behind?: readonly number[];
  /** 203.0.113.1 */
  readonly nextHop?: readonly number[];
  readonly med?: number;
  /** So many communities 65001:0, 65001:1 … */
  readonly communities?: number;
}

const half = (value: number): number[] => [value >>> 8, value & 255];
const word = (value: number): number[] => [...half(value >>> 16), ...half(value & 0xffff)];

/** 20.0.0.0/24 is number 0. */
export function slash24(number: number): string {
  return `20.${number >>> 8}.${number & 255}.0/24`;
}

function nlri(numbers: readonly number[]): number[] {
  return numbers.flatMap((number) => [24, 20, number >>> 8, number & 255]);
}

function message(body: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH + body.length);
  writeHeader(bytes, 0, MessageType.Update, bytes.length);
  bytes.set(body, HEADER_LENGTH);
  return bytes;
}

export function announcing(numbers: readonly number[], options: UpdateOptions): Uint8Array {
  const { as, behind = [], nextHop = [203, 0, 113, 1], med, communities = 0 } = options;
  const path = [as, ...behind];
  const values = Array.from({ length: communities }, (_, i) => [...half(65001), ...half(i)]).flat();
  const attributes = [
    ...[0x40, 1, 1, 0],
    ...[0x40, 2, 2 + 4 * path.length, 2, path.length, ...path.flatMap(word)],
    ...[0x40, 3, 4, ...nextHop],
    ...(med === undefined ? [] : [0x80, 4, 4, ...word(med)]),
    ...(communities === 0 ? [] : [0xd0, 8, ...half(values.length), ...values]),
  ];
  return message([0, 0, ...half(attributes.length), ...attributes, ...nlri(numbers)]);
}

export function withdrawing(numbers: readonly number[]): Uint8Array {
  const routes = nlri(numbers);
  return message([...half(routes.length), ...routes, 0, 0]);
}
