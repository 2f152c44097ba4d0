/** Neighbours that say this and that of one prefix, octet by octet, and what becomes of it. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ReloadReport, RouteRow } from '../../../src/chassis/operations.ts';
import { type Box, type BoxOptions, configurationText, until } from './box.ts';

export const PREFIX_OCTETS = [16, 10, 9];
const NEXT_HOP = [192, 0, 2, 1];

const half = (value: number): number[] => [value >>> 8, value & 255];
const word = (value: number): number[] => [...half(value >>> 16), ...half(value & 0xffff)];

/** 10.9.0.0/16, from these ASes, with these attributes more. */
export function announce(
  ases: readonly number[],
  more: readonly number[] = [],
  nextHop: readonly number[] = NEXT_HOP,
): Uint8Array {
  const segment = ases.length === 0 ? [] : [2, ases.length, ...ases.flatMap(word)];
  const attributes = [0x40, 1, 1, 0, 0x40, 2, segment.length, ...segment, 0x40, 3, 4, ...nextHop, ...more];
  return update([0, 0, ...half(attributes.length), ...attributes, ...PREFIX_OCTETS]);
}

export const localPref = (value: number): number[] => [0x40, 5, 4, ...word(value)];
export const community = (high: number, low: number): number[] => [0xc0, 8, 4, ...half(high), ...half(low)];
export const withdraw = (): Uint8Array => update([...half(PREFIX_OCTETS.length), ...PREFIX_OCTETS, 0, 0]);

export function update(body: readonly number[]): Uint8Array {
  return Uint8Array.from([...new Array<number>(16).fill(255), ...half(19 + body.length), 2, ...body]);
}

/** Until the neighbour has been told this AS path; `-`: nothing. */
export async function isTold(box: Box, address: string, asPath: string): Promise<void> {
  await until(`${address} is told ${asPath}`, async () => {
    const rows: RouteRow[] = [];
    for await (const batch of box.operator.showAdvertised(address, {})) rows.push(...batch);
    return (rows.map((row) => row.asPath).join(' | ') || '-') === asPath;
  });
}

/** The box with other options. */
export async function reload(box: Box, options: BoxOptions): Promise<string[]> {
  return (await reloadReport(box, options)).reset;
}

export function reloadReport(box: Box, options: BoxOptions): Promise<ReloadReport> {
  const files = {
    port: box.port,
    control: path.join(box.folder, 'c.sock'),
    state: path.join(box.folder, 'graftd.db'),
  };
  writeFileSync(path.join(box.folder, 'graftd.yaml'), configurationText(options, files));
  return box.operator.reload({ dryRun: false });
}
