/** One thing that preflight found. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  /** Name of the check that found it, as in `docs/preflight.md`. */
  readonly check: string;
  /** What is wrong, and where. */
  readonly message: string;
  /** What to do next. */
  readonly fix: string;
}
