import { isShared } from '../../docker/compose.js';
import { error, warning, type Check } from '../check.js';

const comfortable = 1024 ** 3;

export const disk: Check = {
  name: 'disk',
  looksAt: 'free space where Docker keeps its volumes: at least 1 GiB',
  run: async ({ host }) => {
    const { DockerRootDir } = (await host.docker.info()) as { DockerRootDir: string };
    const free = await host.freeBytes(DockerRootDir).catch(() => null);
    if (free === null)
      return [
        warning(
          `The free space of ${DockerRootDir} cannot be read.`,
          'Make sure that there is room for an image and a backup.',
        ),
      ];
    if (free >= comfortable) return [];
    return [
      error(
        `Only ${(free / 1024 ** 2).toFixed(0)} MiB are free in ${DockerRootDir}.`,
        'Free at least 1 GiB: docker image prune.',
      ),
    ];
  },
};

/** `docker stop` and the stop by a daemon that starts after a crash are one to Docker (docs/durability.md). */
export const comesBack: Check = {
  name: 'restart',
  looksAt: 'slots, router and the other services without a profile come back after a crash of Docker itself',
  run: ({ config, settings }) => {
    const slots = Object.values(settings.slots);
    const stays = Object.entries(config.services).flatMap(([name, service]) =>
      service.restart === 'unless-stopped' && (isShared(service) || slots.includes(name)) ? [name] : [],
    );
    if (stays.length === 0) return [];
    return [
      warning(
        `${stays.join(', ')}: with "restart: unless-stopped" what runs when the Docker daemon crashes stays down after it.`,
        'Set "restart: always": a slot that pointsman stops stays stopped all the same.',
      ),
    ];
  },
};

export const liveSlotRuns: Check = {
  name: 'live-slot',
  looksAt: 'the slot that the router serves runs',
  run: ({ live, slots, settings }) => {
    if (!live || slots[live.slot]?.running) return [];
    return [
      warning(
        `The router serves ${live.slot}, but ${settings.slots[live.slot]} does not run: users get errors now.`,
        'This deploy brings a slot up; look at its logs meanwhile.',
      ),
    ];
  },
};
