type CleanUp = () => Promise<unknown>;

const cleanUps: CleanUp[] = [];

/** Keeps what the tests of a file share until the last of them is over; `leave-nothing` calls it then. */
export function atFileEnd(cleanUp: CleanUp): void {
  cleanUps.push(cleanUp);
}

/** Cleans up, what was made last first, and all of it whatever fails. @throws the first failure. */
export async function cleanUpFile(): Promise<void> {
  const failures: unknown[] = [];
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
