/** Fresh for each start of a container, and writable for every user in it. */
const healthy = '/dev/shm/healthy';

/**
 * A health check for tests that are not about one. To start anything in a container takes the engine a tenth of a second of a
 * processor, even `true`: with a few projects at a time that was half of one. So a service is asked each second until it is
 * healthy, and then once in fifty seconds, which the check itself waits: an engine before 25 knows but one interval.
 *
 * @param asked a command of the shell; its exit code is the answer.
 * @param retries this often in a row the answer may be no before the engine gives the service up.
 */
export function cheapHealthCheck(asked: string, { shell = 'sh', retries = 120 } = {}): string {
  const command = `[ ! -e ${healthy} ] || sleep 50; ${asked} && : > ${healthy}`;
  return `{ test: ${JSON.stringify(['CMD', shell, '-c', command])}, interval: 1s, timeout: 90s, retries: ${retries} }`;
}

/** As a slot of the example is asked, without a Python for each time, which takes 85 ms more. */
const slotAnswers =
  '{ exec 3<>/dev/tcp/127.0.0.1/8000; printf \'GET /healthz HTTP/1.0\\r\\n\\r\\n\' >&3; read -r _ code _ <&3; [ "$$code" = 200 ]; }';

/**
 * The example with cheap health checks. The engine gives no slot up before the deploy does: one that a test keeps hanging
 * hangs until it is let go, however slow the machine is.
 */
export function withCheapHealthChecks(compose: string): string {
  const cheap: Readonly<Record<string, string>> = {
    '[CMD, python,': cheapHealthCheck(slotAnswers, { shell: 'bash' }),
    '[CMD, nginx, -t]': cheapHealthCheck('nginx -t'),
    '[CMD, test, -e, /tmp/restored]': cheapHealthCheck('test -e /tmp/restored'),
    "[CMD-SHELL, 'bash -c": cheapHealthCheck('{ : </dev/tcp/127.0.0.1/9000; }', { shell: 'bash' }),
  };
  return compose.replace(/^( +)healthcheck:\n(?:\1 +.*\n)+/gm, (block, indent: string) => {
    const [, check] = Object.entries(cheap).find(([asked]) => block.includes(asked)) ?? [];
    if (!check) throw new Error(`the example has a health check that no cheap one stands for:\n${block}`);
    return `${indent}healthcheck: ${check}\n`;
  });
}

/** The example's own patience with a slot again, for a test of one that the engine is to give up. */
export function impatient(compose: string): string {
  return compose.replace('retries: 120', 'retries: 5');
}
