import { closest, distance } from 'fastest-levenshtein';

/** The known name that a person most likely meant; `null` when none is near. */
export function nearest(name: string, known: readonly string[]): string | null {
  if (known.length === 0) return null;
  const best = closest(name, known);
  const limit = Math.max(2, Math.floor(best.length / 3));
  return distance(name.toLowerCase(), best.toLowerCase()) <= limit ? best : null;
}

/** A question for the fix of a problem; `null` when nothing is near. */
export function didYouMean(name: string, known: readonly string[]): string | null {
  const near = nearest(name, known);
  return near === null ? null : `did you mean ${near}?`;
}
