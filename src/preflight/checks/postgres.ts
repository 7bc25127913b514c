import { isShared } from '../../docker/compose.js';
import { execIn, findContainer } from '../../docker/container.js';
import { error, type Check, type Said } from '../check.js';
import { serviceOf, type World } from '../world.js';

/** Exit codes: 10 the role cannot connect, 11 the tools are older than the server, 12 no room. */
const probe = String.raw`
export PGUSER="$3" PGPASSWORD="\${PGPASSWORD:-\${POSTGRES_PASSWORD:-$(cat "\${POSTGRES_PASSWORD_FILE:-/dev/null}")}}" PGCONNECT_TIMEOUT=10
size=$(psql -XqAt -d "$2" -c 'SELECT pg_database_size(current_database())') || exit 10
server=$(psql -XqAt -d "$2" -c 'SHOW server_version_num') || exit 10
tool=$(pg_dump --version | sed -E 's/[^0-9]*([0-9]+).*/\1/')
[ "$tool" -ge "$((server / 10000))" ] || { echo "pg_dump is of version $tool, the server of $((server / 10000))" >&2; exit 11; }
while [ ! -d "$1" ]; do set -- "$(dirname "$1")" "$2" "$3"; done
free=$(df -Pk "$1" | awk 'NR == 2 { printf "%.0f", $4 * 1024 }')
[ "$free" -ge "$size" ] || { echo "$free bytes are free, and the database has $size" >&2; exit 12; }
`.replaceAll('\\$', '$');

const fixes: Readonly<Record<number, string>> = {
  10: 'Set postgres.name and postgres.user in pointsman.yml, and let the role in over the local socket.',
  11: "Use an image that has the server's own tools.",
  12: 'Make room on the volume of the backups.',
};

export const postgresServer: Check = {
  name: 'postgres',
  looksAt:
    "PostgreSQL's service has no profile, keeps its backups on a mount, lets the role in, has room and tools as new as itself",
  run: async (world) => {
    const { database, project } = world.settings;
    if (database?.kind !== 'postgres') return [];
    const said = declared(world, database);
    if (said.length > 0) return said;
    const server = await findContainer(world.host.docker, project, database.service);
    if (!server) return [];
    if (!server.running)
      return [error(`${database.service} does not run.`, 'Start it: a backup is made before a deploy.')];
    const { backups, name, user } = database;
    const argv = ['sh', '-c', probe, 'postgres', backups, name, user];
    const { exitCode, stderr } = await execIn(world.host.docker, server.id, argv);
    if (exitCode === 0) return [];
    const reason = stderr.trim().split('\n').at(-1) ?? '';
    const fix = fixes[exitCode] ?? 'Use an image with psql, pg_dump and a shell.';
    return [error(`${database.service} cannot be backed up: ${reason}.`, fix)];
  },
};

function declared(world: World, { service, backups }: { service: string; backups: string }): Said[] {
  const found = serviceOf(world, service);
  if (!found) return [error(`The compose file has no service ${service}.`, 'Set postgres.service in pointsman.yml.')];
  if (!isShared(found)) return [error(`${service} has a profile.`, 'Remove it: no deploy may stop the server.')];
  const mounted = (found.volumes ?? []).some(({ target }) => backups === target || backups.startsWith(`${target}/`));
  if (mounted) return [];
  return [
    error(`Nothing is mounted at ${backups} of ${service}.`, 'Mount a volume there: backups outlive the container.'),
  ];
}
