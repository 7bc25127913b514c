import type Docker from 'dockerode';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';

/**
 * Loses the first questions for a name that nginx's workers ask from now on, so that they know it seconds later: they ask
 * again after five. Others in the container are answered; so is every question once the test is over.
 *
 * @param questions how many are lost: each upstream asks for itself.
 */
export async function loseName(router: Docker.Container, name: string, questions: number): Promise<void> {
  const { State, Id } = await router.inspect();
  const { stdout: user } = await execa('docker', ['exec', Id, 'id', '-u', 'nginx']);
  const iptables = (...args: string[]) => execa('nsenter', ['-t', String(State.Pid), '-n', 'iptables', '-w', ...args]);
  // One has 28 bytes of headers, 16 of its own, and the name with a byte more at both its ends.
  const bytes = questions * (28 + 16 + 2 + name.length);
  const asked = ['-p', 'udp', '-d', '127.0.0.11', '-m', 'owner', '--uid-owner', user];
  const named = ['-m', 'string', '--algo', 'bm', '--string', name];
  const first = ['-m', 'quota', '--quota', String(bytes)];
  onTestFinished(async () => {
    await iptables('-t', 'mangle', '-F', 'OUTPUT');
    await iptables('-F', 'INPUT');
  });
  // Dropped where it arrives: whoever sends what is dropped at once is told so, and tries again.
  await iptables('-t', 'mangle', '-A', 'OUTPUT', ...asked, ...named, ...first, '-j', 'MARK', '--set-mark', '7');
  await iptables('-A', 'INPUT', '-m', 'mark', '--mark', '7', '-j', 'DROP');
}
