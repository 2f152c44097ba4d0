import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION_NUMBER } from '../../fabric/layout.ts';

/** Makes written bytes visible; they are sent here where that is possible (fabric/courier.ts), or the line card is woken. */
export function publishTransmit(fabric: Fabric, session: number, connection: number, head: number): void {
  const at = fabric.connections.at(session, connection);
  fabric.count(session, SESSION_NUMBER.bytesSent, (head - fabric.connections.transmitHead(at)) | 0);
  fabric.connections.publishTransmit(at, head);
  if (fabric.courier?.send(session, connection, at, head) !== true) fabric.ringCard(session);
}
