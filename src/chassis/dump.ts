import type { Chassis } from './chassis.ts';
import { type DumpReport, OperationError } from './operations.ts';

export async function dumpMrt(_chassis: Chassis, _file: string): Promise<DumpReport> {
  throw new OperationError('not yet');
}
