/**
 * koffi calls functions of the C library. It is left out where it cannot be installed: what rests on it is not there then, or is done
 * otherwise. So its types are not asked for either. GRAFTD_KOFFI=off does as if it were not there.
 */
import { createRequire } from 'node:module';
import { endianness } from 'node:os';

export interface Koffi {
  /** null: what the process has loaded already. */
  load(library: null): { func(declaration: string): unknown };
  address(memory: Uint8Array): bigint;
  errno(): number;
}

/** Throws where there is none. */
export function loadKoffi(): Koffi {
  if (process.env.GRAFTD_KOFFI === 'off') throw new Error('GRAFTD_KOFFI is off');
  return createRequire(import.meta.url)('koffi') as Koffi;
}

const WIDE: readonly string[] = ['x64', 'arm64', 'riscv64', 'loong64'];

/** The structures of the C library are laid out as described here. */
export function linuxOf64Bits(): boolean {
  return process.platform === 'linux' && endianness() === 'LE' && WIDE.includes(process.arch);
}
