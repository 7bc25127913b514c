import { posix } from 'node:path';
import { slots } from '../../model/slot.js';
import { error, type Check } from '../check.js';
import { serviceOf } from '../world.js';

export const databaseVolume: Check = {
  name: 'database',
  looksAt: "the database's volume is declared and mounted in both slots above its path",
  run: (world) => {
    const { database } = world.settings;
    if (!database || database.kind === 'postgres') return [];
    if (!world.config.volumes?.[database.volume]) {
      return [
        error(
          `The compose file has no volume ${database.volume}.`,
          'Declare it under volumes, or set database.volume in pointsman.yml.',
        ),
      ];
    }
    return slots
      .map((slot) => world.settings.slots[slot])
      .filter((name) => !holds(serviceOf(world, name)?.volumes ?? [], database))
      .map((name) =>
        error(
          `${name} does not mount ${database.volume} above ${database.path}.`,
          `Mount it at ${posix.dirname(database.path)}.`,
        ),
      );
  },
};

function holds(
  mounts: readonly { source?: string; target: string }[],
  { path, volume }: { path: string; volume: string },
): boolean {
  return mounts.some(({ source, target }) => source === volume && path.startsWith(`${target}/`));
}
