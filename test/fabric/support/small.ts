/** A fabric so small that everything in it wraps, fills up and runs out within a test. */
import { Fabric } from '../../../src/fabric/fabric.ts';
import { createFabricMemory, type FabricMemory, type FabricOptions } from '../../../src/fabric/memory.ts';

export const SMALL: FabricOptions = {
  blades: 4,
  lineCards: 1,
  sessions: 64,
  prefixes4: 1 << 12,
  prefixes6: 1 << 12,
  attributes: 1 << 12,
  attributeBytes: 1 << 18,
  pages: 256,
  ringRecords: 16,
  receiveBytes: 256,
  transmitBytes: 256,
  grafts: 4,
};

export function smallMemory(options: Partial<FabricOptions> = {}): FabricMemory {
  return createFabricMemory({ ...SMALL, ...options });
}

/** A fabric as one thread sees it, with attribute sets that nobody describes. */
export function smallFabric(options: Partial<FabricOptions> = {}, thread = 0): Fabric {
  return new Fabric(smallMemory(options), thread, () => {});
}

/** The seed of a random run: GRAFTD_SEED repeats one that failed. */
export function newSeed(): number {
  return Number(process.env['GRAFTD_SEED'] ?? Date.now() & 0x7fffffff);
}
