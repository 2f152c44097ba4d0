/**
 * The state machine of a real blade against neighbours who say anything in any order, cut anywhere: mostly an OPEN that is
 * right at first, so that what follows is read in all states.
 */
import type { Random } from '../../../src/base/random.ts';
import { theCorpus } from '../corpus.ts';
import { Mutator } from '../mutate.ts';
import type { Target } from '../target.ts';
import { Arena, eachMessage, HOSTILE_ASES, KEEPALIVE, openOf } from './arena.ts';

const ALL = Number.MAX_SAFE_INTEGER;
/** Conversations in one arena, before a fresh one is made. */
const USES = 200;

export function sessionTarget(): Target {
  const mutator = new Mutator(theCorpus());
  let arena: Arena | undefined;
  let uses = 0;
  return {
    name: 'session',
    what: 'the state machine of a blade: a conversation of messages in any order, cut anywhere, and a witness',
    make: (random, into) => conversation(mutator, random, into),
    run(input, random) {
      if (uses++ % USES === 0) arena = undefined;
      arena ??= new Arena();
      const used = arena;
      // What goes wrong leaves nothing behind for the next one.
      arena = undefined;
      converse(used, input, random);
      arena = used;
    },
  };
}

/** The first octet says which neighbour speaks. */
function conversation(mutator: Mutator, random: Random, into: Uint8Array): number {
  const session = random.below(HOSTILE_ASES.length);
  into[0] = session;
  mutator.paths = random.chance(0.4);
  let at = 1;
  const say = (message: Uint8Array): void => {
    into.set(message, at);
    at += message.length;
  };
  if (random.chance(0.85)) {
    say(openOf(HOSTILE_ASES[session] as number, random));
    if (random.chance(0.95)) say(KEEPALIVE);
  }
  for (let left = random.below(10); left > 0 && at < 100_000; left--) {
    const dice = random.below(20);
    if (dice < 15) at = mutator.update(random, into, at);
    else if (dice === 15) say(KEEPALIVE);
    else if (dice === 16) say(openOf(HOSTILE_ASES[session] as number, random));
    else at = mutator.message(random, into, at);
  }
  return at;
}

function converse(arena: Arena, input: Uint8Array, random: Random): void {
  const session = (input[0] ?? 0) % HOSTILE_ASES.length;
  const wire = arena.call(session);
  const reads = random.chance(0.9);
  const piece = random.pick([1 << 16, 1 << 16, 4096, 100, 23]);
  for (let at = 1; at < input.length; ) {
    const end = Math.min(input.length, at + 1 + random.below(piece));
    wire.up.write(input.subarray(at, end));
    at = end;
    arena.settle();
    if (reads) eachMessage(wire.down.read(ALL), () => {});
    if (random.chance(0.02)) arena.now += random.below(4000);
    arena.check();
  }
  const second = random.chance(0.05) ? arena.call(session) : undefined;
  second?.up.write(openOf(HOSTILE_ASES[session] as number, random));
  arena.settle();
  for (const each of [wire, second]) each?.abandon(random.chance(0.5));
  arena.clean();
  arena.checkEmpty();
}
