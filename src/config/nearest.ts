import { closest, distance } from 'fastest-levenshtein';

/** The known name that a person most likely meant; `null` when none is near. */
export function nearest(name: string, known: readonly string[]): string | null {
  if (known.length === 0) return null;
  const best = closest(name.toLowerCase(), known);
  return distance(name.toLowerCase(), best.toLowerCase()) <= Math.max(2, Math.floor(best.length / 3)) ? best : null;
}

/** What to do about an unknown name: "did you mean app-green?", or the names that there are. */
export function suggestion(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  if (near) return `did you mean ${near}?`;
  return known.length > 0 ? `one of: ${known.join(', ')}` : 'there is none to choose from';
}
