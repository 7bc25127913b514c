import type { Hit, Span } from './problem.js';

/** How runners of SQL files are told in a comment to use no transaction. */
const markers: readonly RegExp[] = [
  /^--\s*migrate:(?:up|down)\b.*\btransaction\s*:\s*false\b/i, // dbmate
  /^--\s*\+goose\s+NO\s+TRANSACTION\b/i, // goose
  /^--\s*\+migrate\s+(?:Up|Down)\b.*\bnotransaction\b/i, // sql-migrate
  /^--\s*no-transaction\b/i, // sqlx
  /^--\s*transactional\s*:\s*false\b/i, // yoyo
  /^-{3,}\s*tern:\s*disable-tx\b/i, // tern
];

/** Comments that switch the runner's transaction off. */
export function judgeMarkers(text: string, comments: readonly Span[]): Hit[] {
  return comments
    .filter(({ from, to }) => markers.some((marker) => marker.test(text.slice(from, to))))
    .map(({ from, to }) => ({ rule: 'no-transaction', from, to }));
}
