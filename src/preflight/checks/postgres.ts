import { dataOf } from '../../database/postgres-of.js';
import { isShared } from '../../docker/compose.js';
import { execIn, findContainer } from '../../docker/container.js';
import { lastLine } from '../../model/last-line.js';
import { error, warning, type Check, type Said } from '../check.js';
import { serviceOf, type World } from '../world.js';

/**
 * Exit codes: 10 the role cannot connect, 11 the tools are older than the server, 12 no room, 13 the backups cannot be
 * written, 14 the server is too old to end connections to a database that is dropped, 15 the role may not restore.
 */
const probe = String.raw`
export PGUSER="$3" PGPASSWORD="\${PGPASSWORD:-\${POSTGRES_PASSWORD:-$(cat "\${POSTGRES_PASSWORD_FILE:-/dev/null}")}}" PGCONNECT_TIMEOUT=10
size=$(psql -XqAt -d "$2" -c 'SELECT pg_database_size(current_database())') || exit 10
server=$(psql -XqAt -d "$2" -c 'SHOW server_version_num') || exit 10
tool=$(pg_dump --version | sed -E 's/[^0-9]*([0-9]+).*/\1/')
[ "$tool" -ge "$((server / 10000))" ] || { echo "pg_dump is of version $tool, the server of $((server / 10000))" >&2; exit 11; }
[ "$server" -ge 130000 ] || { echo "the server is of version $((server / 10000))" >&2; exit 14; }
while [ ! -d "$1" ]; do set -- "$(dirname "$1")" "$2" "$3"; done
free=$(df -Pk "$1" | awk 'NR == 2 { printf "%.0f", $4 * 1024 }')
[ "$free" -ge "$size" ] || { echo "$free bytes are free, and the database has $size" >&2; exit 12; }
[ -w "$1" ] || { echo "$1 cannot be written by the user of the container" >&2; exit 13; }
may=$(psql -XqAt -d "$2" -c "SELECT rolsuper OR (rolcreatedb AND pg_has_role(datdba, 'MEMBER')) FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()")
[ "$may" = t ] || exit 15
`.replaceAll('\\$', '$');

const fixes: Readonly<Record<number, string>> = {
  10: 'Set postgres.name and postgres.user in pointsman.yml, and let the role in over the local socket.',
  11: "Use an image that has the server's own tools.",
  12: 'Make room on the volume of the backups.',
  13: 'Let the user of the image write to the volume of the backups.',
  14: 'Use PostgreSQL 13 or newer.',
};

const mayNotRestore = 15;

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
    if (!server) return leftOver(world, database.service);
    if (!server.running)
      return [error(`${database.service} does not run.`, 'Start it: a backup is made before a deploy.')];
    const { backups, name, user } = database;
    const argv = ['sh', '-c', probe, 'postgres', backups, name, user];
    const { exitCode, stderr } = await execIn(world.host.docker, server.id, argv);
    if (exitCode === 0) return [];
    if (exitCode === mayNotRestore) {
      const fix = `ALTER ROLE ${user} SUPERUSER, or CREATEDB with the database as its own.`;
      return [warning(`${user} can back ${name} up, and may not restore it.`, fix)];
    }
    const reason = lastLine(stderr);
    const fix = fixes[exitCode] ?? 'Use an image with psql, pg_dump and a shell.';
    return [error(`${database.service} cannot be backed up: ${reason}.`, fix)];
  },
};

/** Before the first deploy there is nothing; after a "docker compose down" there may be all the rows. */
async function leftOver({ host, config }: World, service: string): Promise<Said[]> {
  const volume = await dataOf(host, config, service);
  if (volume === null) return [];
  const fix = `Start it: docker compose up -d ${service}. A backup is made before a deploy.`;
  return [error(`${service} has no container, and its volume ${volume} is there.`, fix)];
}

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
