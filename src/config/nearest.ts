/** "Did you mean …": the nearest of some known words, or none that is near enough to be worth saying. */

/** Damerau-Levenshtein distance (swapped neighbours count as one), for words of a few letters. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      row[j] = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, before[j - 2]! + 1);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}

/** Case, `_` and `-` do not count; a third of the letters may be wrong, or one may have begun the other. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[_\s-]/g, '');
  const wanted = plain(word);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const other = plain(candidate);
    const distance = editDistance(wanted, other);
    const allowed = Math.max(1, Math.floor(Math.max(wanted.length, other.length) / 3));
    const begun = wanted.length >= 2 && other.startsWith(wanted);
    const score = begun ? Math.min(distance, 1) : distance;
    if (score <= allowed && score < bestDistance) {
      best = candidate;
      bestDistance = score;
    }
  }
  return best;
}

/** `; did you mean "x"?`, or else the whole choice where it is short enough to read. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  if (near !== undefined) return `; did you mean "${near}"?`;
  return known.length <= 12 ? `; it is one of: ${known.join(', ')}` : '';
}
