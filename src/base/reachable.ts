/** Everything that can be reached from these, step by step; they themselves included. */
export function reachable<T>(from: Iterable<T>, steps: (each: T) => Iterable<T>): Set<T> {
  const found = new Set(from);
  // What is added while one goes through it comes in its turn.
  for (const each of found) for (const next of steps(each)) found.add(next);
  return found;
}
