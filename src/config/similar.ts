/** A word that begins another one, such as "password" for "passwordFile", says so from this length on. */
const BEGINNING_CHARACTERS_MIN = 4;

/** The candidate a person most likely meant, if any is near enough. */
export function mostSimilar(text: string, candidates: readonly string[]): string | undefined {
  const longer = candidates.find((name) => text.length >= BEGINNING_CHARACTERS_MIN && name.startsWith(text));
  if (longer !== undefined) return longer;
  const distanceMax = Math.max(1, Math.floor(text.length / 3));
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of candidates) {
    const distance = editDistance(text.toLowerCase(), name.toLowerCase());
    if (distance <= distanceMax && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

/** Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let twoAbove: readonly number[] = [];
  let above: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(
        Math.min(
          at(above, column) + 1,
          at(current, column - 1) + 1,
          at(above, column - 1) + (same ? 0 : 1),
          swapped ? at(twoAbove, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    twoAbove = above;
    above = current;
  }
  return at(above, b.length);
}

const at = (row: readonly number[], column: number): number => row[column] ?? Number.POSITIVE_INFINITY;
