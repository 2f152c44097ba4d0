/**
 * What a session's two OPENs agreed on (RFC 4271 4.2, RFC 5492), and so how each UPDATE message is to be read. It stands in the session record,
 * where each further home blade finds it (I1).
 *
 * Configuration is an argument: it can change while the session lasts, and what was agreed on stays.
 */
import { OpenError } from '../../bgp/errors.ts';
import { MAX_MESSAGE } from '../../bgp/message.ts';
import { acceptOpen, type DecodeFailure, type Negotiated, type Open, openFailure } from '../../bgp/open.ts';
import type { UpdateOptions } from '../../bgp/update.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION } from '../../fabric/layout.ts';
import type { SessionConfiguration } from '../messages.ts';
import { ourOpen } from './our-open.ts';
import { ownEnd } from './own-address.ts';
import { agree, refuseRole } from './role.ts';
import { readNegotiated, writeNegotiated } from './session-record.ts';

export class Agreement {
  /** How UPDATE messages are read. */
  options: UpdateOptions = { fourOctetAs: true, external: true, families: 0, addPath: 0 };
  readonly #fabric: Fabric;
  readonly #index: number;
  #negotiated: Negotiated | undefined;

  constructor(fabric: Fabric, index: number) {
    this.#fabric = fabric;
    this.#index = index;
  }

  /** Undefined before the first OPEN. */
  get negotiated(): Negotiated | undefined {
    return this.#negotiated;
  }

  get families(): number {
    return this.#negotiated?.families ?? 0;
  }

  /** Families of which the neighbour is not heard any more (RFC 4760 7). */
  get disabled(): number {
    return this.#fabric.session(this.#index, SESSION.disabledFamilies);
  }

  get maxMessage(): number {
    return this.#negotiated?.maxMessage ?? MAX_MESSAGE;
  }

  /** The neighbour's OPEN is one that we can agree with. */
  open(configuration: SessionConfiguration, open: Open): void {
    this.#negotiated = agree(configuration, ourOpen(this.#fabric, configuration), open);
  }

  /** The session is up, over this connection. */
  begin(configuration: SessionConfiguration, open: Open, connection: number): void {
    this.open(configuration, open);
    writeNegotiated(this.#fabric, configuration, this.#negotiated as Negotiated, open, connection);
    this.#fabric.setSession(this.#index, SESSION.endOfRibDue, this.families);
    this.#read(configuration);
  }

  /** Another blade wrote it. */
  takeOver(configuration: SessionConfiguration): void {
    this.#negotiated = readNegotiated(this.#fabric, this.#index);
    this.#read(configuration);
  }

  /** What the neighbour says of these families from now on is not heard (RFC 4760 7). */
  disable(configuration: SessionConfiguration, families: number): void {
    this.#fabric.setSession(this.#index, SESSION.disabledFamilies, this.disabled | families);
    this.#read(configuration);
  }

  #read({ disablesFamilies, prependAs }: SessionConfiguration): void {
    const { fourOctetAs, external, pathsReceived, extendedNextHop } = this.#negotiated as Negotiated;
    const options = {
      families: this.families & ~this.disabled,
      disables: disablesFamilies,
      fourOctetAs,
      external,
      addPath: pathsReceived,
      extendedNextHop,
      ...(external ? ownEnd(this.#fabric, this.#index) : {}),
    };
    this.options = prependAs === undefined ? options : { ...options, prependAs };
  }
}

/** What is wrong with a neighbour's OPEN. `configured`: before the neighbour said its AS, where that is left to it. */
export function refuseOpen(
  fabric: Fabric,
  configuration: SessionConfiguration,
  configured: SessionConfiguration,
  open: Open,
): DecodeFailure | undefined {
  const { as, routerAs } = configured;
  const refusal =
    acceptOpen(ourOpen(fabric, configuration), open, as, routerAs) ?? refuseRole(configuration, open);
  const { leastHoldTime = 0 } = configuration;
  if (refusal !== undefined || open.holdTime === 0 || open.holdTime >= leastHoldTime) return refusal;
  return openFailure(OpenError.UnacceptableHoldTime, `hold time ${open.holdTime}, below ${leastHoldTime}`);
}
