import type { Fabric } from '../fabric/fabric.ts';
import { SESSION_NUMBER } from '../fabric/layout.ts';

/** Makes written bytes visible to the line card, and wakes it. */
export function publishTransmit(fabric: Fabric, session: number, connection: number, head: number): void {
  const at = fabric.connections.at(session, connection);
  fabric.count(session, SESSION_NUMBER.bytesSent, (head - fabric.connections.transmitHead(at)) | 0);
  fabric.connections.publishTransmit(at, head);
  fabric.ringCard(session);
}
