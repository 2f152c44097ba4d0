/** What of Node.js' handles of sockets has no public name. All that leans on it, but for handing them over, stands here. */
import type net from 'node:net';

interface Handled {
  readonly _handle?: { readonly fd?: number; readonly useUserBuffer?: (buffer: Uint8Array) => void } | null;
}

/** The number of the kernel's socket; -1: there is none. */
export function descriptorOf(socket: net.Server | net.Socket): number {
  return (socket as unknown as Handled)._handle?.fd ?? -1;
}

/** Where the next read goes: Node.js asks for it (`onread`) right after the read before. False: it cannot be said. */
export function aimNextRead(socket: net.Socket, buffer: Uint8Array): boolean {
  const handle = (socket as unknown as Handled)._handle;
  if (typeof handle?.useUserBuffer !== 'function') return false;
  handle.useUserBuffer(buffer);
  return true;
}
