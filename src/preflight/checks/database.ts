import { posix } from 'node:path';
import { hasTool, sqliteOf } from '../../database/database-of.js';
import type { Look } from '../../database/sqlite.js';
import type { ComposeMount } from '../../docker/compose.js';
import { sqliteSettings, type SqliteSettings } from '../../model/settings.js';
import { slots } from '../../model/slot.js';
import { error, type Check, type Said } from '../check.js';
import { serviceOf, type World } from '../world.js';

/** A large database is not checked to its end: the backup that follows is, as a whole. */
const checkSeconds = 30;

/** The backup, and what a restore needs: the salvage, the WAL, and what Litestream keeps of that. */
const timesItsSize = 4;

export const databaseVolume: Check = {
  name: 'database',
  looksAt: "the database's volume is declared and mounted in both slots above its path and the backups",
  run: (world) => {
    const database = sqliteSettings(world.settings);
    return database ? volumeProblems(world, database) : [];
  },
};

/** Through a container that can only read. On a first deploy there may be no volume yet, and no image for the tool. */
export const databaseFile: Check = {
  name: 'database-file',
  looksAt: 'the database is sound, and four times its size is free beside it',
  run: async ({ host, settings, call }) => {
    const place = sqliteSettings(settings);
    if (!place || !(await hasTool(host, settings))) return [];
    const database = await sqliteOf(host, settings);
    const found = await database?.look(call, checkSeconds);
    return found ? judge(place, found) : [];
  },
};

function volumeProblems(world: World, database: SqliteSettings): readonly Said[] {
  const { path, volume, backups } = database;
  if (!world.config.volumes?.[volume]) {
    return [
      error(
        `The compose file has no volume ${volume}.`,
        'Declare it under volumes, or set database.volume in pointsman.yml.',
      ),
    ];
  }
  return slots
    .map((slot) => world.settings.slots[slot])
    .flatMap((name) => {
      const mounts = serviceOf(world, name)?.volumes ?? [];
      const mount = mounts.find(({ source, target }) => source === volume && path.startsWith(`${target}/`))?.target;
      if (!mount) {
        return error(`${name} does not mount ${volume} above ${path}.`, `Mount it at ${posix.dirname(path)}.`);
      }
      if (backups === undefined || holderOf(mounts, backups) === mount) return [];
      return error(
        `${name} mounts ${volume} at ${mount}, and ${backups} (database.backups) is not in there.`,
        `Set database.backups to a directory in ${mount}.`,
      );
    });
}

/** Where the mount is that holds a path: of mounts one in another, the inner one. */
function holderOf(mounts: readonly ComposeMount[], path: string): string | undefined {
  const above = mounts.filter(({ target }) => path === target || path.startsWith(`${target}/`));
  return above.toSorted((a, b) => b.target.length - a.target.length)[0]?.target;
}

function judge({ path }: SqliteSettings, { problem, bytes, freeBytes }: Look): readonly Said[] {
  const said: Said[] = [];
  if (problem) {
    said.push(
      error(
        `${path} is damaged: ${problem}.`,
        'Restore the replica, or a backup from before (pointsman backups); a deploy would only copy the damage.',
      ),
    );
  }
  const needed = timesItsSize * bytes;
  if (freeBytes < needed) {
    said.push(
      error(
        `${mib(freeBytes)} are free beside ${path}, and a backup and a restore need ${mib(needed)}: four times its ${mib(bytes)}.`,
        'Make room there: salvages and manual backups (pointsman backups) are never removed by a deploy.',
      ),
    );
  }
  return said;
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`;
}
