/** Our own bugs only: a failed assertion ends the blade, and the chassis recovers its sessions. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** For the end of a switch over a closed union. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${String(value)}`);
}
