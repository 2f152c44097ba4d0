/** Connection collision detection (RFC 4271 6.8): of two connections to one neighbour, which one is to be closed? */
import { State } from '../../bgp/fsm.ts';
import type { Open } from '../../bgp/open.ts';
import type { SessionConfiguration } from '../messages.ts';
import type { Track } from './track.ts';

/** `open` has come over `track`. Undefined: the other one does not stand in the way. */
export function toClose(
  track: Track,
  other: Track,
  open: Open,
  { localId, localAs }: SessionConfiguration,
): Track | undefined {
  if (other.state === State.Established) return track;
  if (other.state !== State.OpenConfirm) return undefined;
  const weAreHigher = localId === open.bgpId ? localAs > open.as : localId > open.bgpId; // RFC 6286 2.3
  const keep = weAreHigher ? 0 : 1;
  return track.which === keep ? other : track;
}
