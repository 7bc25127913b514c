import type { Host } from '../hosts/host.js';
import type { Finding } from '../model/finding.js';
import { currentLink, portsUnit, user } from './layout.js';
import { until } from './until.js';

/** Uid of `nobody`; that there is such an account is not needed. */
const nobody = '65534';

const connect = String.raw`
const { connect } = require('node:net');
const tried = process.argv.slice(1).map((hex) => new Promise((resolve) => {
  const port = parseInt(hex, 16);
  const socket = connect({ host: '127.0.0.1', port, timeout: 2000 });
  socket.once('connect', () => resolve(port)).once('error', () => resolve(0)).once('timeout', () => resolve(0));
}));
Promise.all(tried).then((ports) => {
  console.log(ports.filter(Boolean).join(' '));
  process.exit();
});
`;

/** As `nobody`: connects to all that Temporal's account listens on at 127.0.0.1. Arguments: account, Node.js, program. */
const probe = String.raw`
cd /
uid=$(id -u "$1")
listening=$(awk -v uid="$uid" '$4 == "0A" && $8 == uid && $2 ~ /^0100007F:/ { print substr($2, 10) }' /proc/net/tcp)
exec setpriv --reuid=${nobody} --regid=${nobody} --clear-groups "$2" -e "$3" -- $listening
`;

/**
 * Ports of Temporal, those of its insides too, that an account other than root and its own can connect to: tried, not
 * concluded from rules. `null` when it could not be tried, because this is not root say.
 */
export async function openToOthers(host: Host): Promise<readonly number[] | null> {
  const argv = ['sh', '-ec', probe, 'sh', user, `${currentLink}/bin/node`, connect] as const;
  const { exitCode, stdout } = await host.tryRun({ argv }, { timeoutMs: 20_000 });
  return exitCode === 0 ? stdout.trim().split(' ').filter(Boolean).map(Number) : null;
}

/** Temporal's ports are closed one by one as it opens them. */
const closedWithin = { limitMs: 10_000, everyMs: 500 };

/** Waits until nobody else can connect. Returns what is still open after ten seconds. */
export async function untilClosed(host: Host): Promise<readonly number[]> {
  let open: readonly number[] = [];
  await until(async () => (open = (await openToOthers(host)) ?? []).length === 0, closedWithin);
  return open;
}

/** What it means, and what to do. */
export function stillOpen(ports: readonly number[]): Pick<Finding, 'message' | 'fix'> {
  return {
    message: `Every account of the server can reach Temporal (${ports.join(', ')}): see, cancel and end what runs, but deploy nothing.`,
    fix: `journalctl -u ${portsUnit} says why they were not closed.`,
  };
}
