/**
 * The example starts a Python in each slot each second, which takes 85 ms of a processor; with a few projects at a time that
 * is all of one. This asks the same in 2 ms.
 * The engine gives a slot up after a minute and not after five seconds: one that a test keeps hanging hangs until it is let go,
 * however slow the machine is.
 */
export function withCheapHealthCheck(compose: string): string {
  const asked =
    'exec 3<>/dev/tcp/127.0.0.1/8000; printf \'GET /healthz HTTP/1.0\\r\\n\\r\\n\' >&3; read -r _ code _ <&3; [ "$$code" = 200 ]';
  const cheap = compose.replace(
    /test: \[CMD, python, .*\]/,
    () => `test: ${JSON.stringify(['CMD', 'bash', '-c', asked])}`,
  );
  if (cheap === compose) throw new Error('the example has no health check that could be made a cheap one');
  return trusting(cheap);
}

/** Whatever a slot needs to become healthy, the engine does not give it up before the deploy does. */
export function trusting(compose: string): string {
  return compose.replace('retries: 5', 'retries: 60');
}

/** The example's own patience again, for a test of a slot that the engine is to give up. */
export function impatient(compose: string): string {
  return compose.replace('retries: 60', 'retries: 5');
}
