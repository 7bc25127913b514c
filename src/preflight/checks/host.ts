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
