import { randomUUID } from 'node:crypto';
import { Compose, type ComposeConfig } from '../docker/compose.js';
import { execIn, findContainer, type ExecResult } from '../docker/container.js';
import type { Host } from '../hosts/host.js';
import type { PostgresSettings, Settings } from '../model/settings.js';
import { PostgresDatabase } from './postgres.js';
import { ToolError } from './tool-error.js';

/** The database of a server that is a service of the project; `null` where it was never started. */
export async function postgresOf(
  host: Host,
  settings: Settings,
  database: PostgresSettings,
  signal?: AbortSignal,
): Promise<PostgresDatabase | null> {
  const { service } = database;
  const find = () => findContainer(host.docker, settings.project, service);
  if (!(await find())) {
    const kept = await dataOf(host, await new Compose(host, settings).config(), service);
    if (kept === null) return null;
    throw new ToolError(
      'use',
      'refused',
      `${service} has no container, and its volume ${kept} is there: start it first`,
    );
  }
  return new PostgresDatabase(async (argv) => {
    const server = await find();
    if (!server?.running) throw new ToolError('use', 'busy', `${service} does not run`);
    return runInServer(host, server.id, argv, signal);
  }, database);
}

/** A volume of a server without a container, which a deploy would start anew: there may be rows in it. */
export async function dataOf(
  { docker }: Pick<Host, 'docker'>,
  config: ComposeConfig,
  service: string,
): Promise<string | null> {
  const mounts = config.services[service]?.volumes ?? [];
  const names = mounts.flatMap(({ type, source }) => (type === 'volume' && config.volumes?.[source ?? '']?.name) || []);
  const { Volumes } = await docker.listVolumes();
  return names.find((name) => Volumes.some((volume) => volume.Name === name)) ?? null;
}

/**
 * Ends what one call started. The server is often the first process of its container, so a program without a parent
 * becomes its child, and a child that dies of a signal is a crash to it: all connections would be cut. So the shell is
 * told, which then starts nothing more, and programs are ended while their parents wait for them.
 */
const endCall = String.raw`
told=
for attempt in $(seq 600); do
  found= parents=
  for path in $(grep -sl "POINTSMAN_CALL=$1" /proc/[0-9]*/environ); do
    pid=\${path#/proc/} pid=\${pid%/environ}
    parent=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status" 2>/dev/null) || continue
    found="$found $pid:$parent" parents="$parents $parent "
  done
  [ -n "$found" ] || exit 0
  for each in $found; do
    pid=\${each%:*}
    case $each in
      "$told:0" | *:1) continue ;;
      *:0) kill -TERM "$pid" 2>/dev/null || true; told=$pid; continue ;;
    esac
    case $parents in *" $pid "*) continue ;; esac
    case $(cat "/proc/$pid/comm" 2>/dev/null) in sh | dash | bash) ;; *) kill -TERM "$pid" 2>/dev/null || true ;; esac
  done
  sleep 0.1
done
exit 1
`.replaceAll('\\$', '$');

/** The engine cannot end what it runs in a container, and a restore that nobody waits for must not go on. */
export async function runInServer(
  { docker }: Pick<Host, 'docker'>,
  id: string,
  argv: readonly string[],
  signal?: AbortSignal,
): Promise<ExecResult> {
  const call = randomUUID();
  try {
    return await execIn(docker, id, ['env', `POINTSMAN_CALL=${call}`, ...argv], { signal });
  } finally {
    if (signal?.aborted) await execIn(docker, id, ['sh', '-c', endCall, 'sh', call]);
  }
}
