/** Certificates and signed requests to object storage stop working at a few minutes. */
const limitSeconds = 120;

/** What is wrong with a host's clock that is so many seconds ahead of this machine's; `null` when it is near enough. */
export function wrongClock(host: string, aheadSeconds: number): { message: string; fix: string } | null {
  const off = Math.round(Math.abs(aheadSeconds));
  if (off <= limitSeconds) return null;
  const way = aheadSeconds > 0 ? 'ahead of' : 'behind';
  return {
    message: `The clock of ${host} is ${off} s ${way} this machine's.`,
    fix: 'Set it: timedatectl set-ntp true.',
  };
}
