import { otherSlot, slots } from '../../model/slot.js';
import type { Settings } from '../../model/settings.js';
import { Nginx } from '../../router/nginx.js';
import { isOwnConfig } from '../../router/nginx-config.js';
import { error, warning, type Check, type Said } from '../check.js';
import { serviceOf } from '../world.js';

export const slotServices: Check = {
  name: 'slots',
  looksAt: 'both slot services exist, each in the profile of its own name, with a health check',
  run: (world) =>
    slots.flatMap((slot) => {
      const name = world.settings.slots[slot];
      const service = serviceOf(world, name);
      if (!service)
        return [
          error(
            `The compose file has no service ${name} for the slot ${slot}.`,
            'Add it, or set slots in pointsman.yml.',
          ),
        ];
      const profiles = service.profiles ?? [];
      const found = [];
      if (!profiles.includes(slot)) {
        found.push(
          error(
            `The service ${name} is not in the profile ${slot}.`,
            `Add "profiles: [${slot}]": else every "up" starts both slots.`,
          ),
        );
      }
      const { healthcheck } = service;
      if (!healthcheck?.test || healthcheck.disable || healthcheck.test[0] === 'NONE') {
        found.push(
          error(
            `The service ${name} has no health check.`,
            'Add one: without it a slot counts as healthy as soon as it runs.',
          ),
        );
      }
      return found;
    }),
};

export const onlyOneSlotRuns: Check = {
  name: 'leftover-slot',
  looksAt: 'only the live slot runs',
  run: ({ slots: states, settings, live }) => {
    const idle = live ? otherSlot(live.slot) : null;
    if (!idle || !states[idle]?.running) return [];
    return [
      warning(
        `${settings.slots[idle]} runs though the router serves ${live?.slot}.`,
        'It will be replaced by the new release.',
      ),
    ];
  },
};

export const whichSlotCheck = 'which-slot';

export const whichSlotIsLive: Check = {
  name: whichSlotCheck,
  looksAt: 'of two slots that run, a router serves one',
  run: async ({ host, slots: states, settings, live }) => {
    if (live || !slots.every((slot) => states[slot]?.running)) return [];
    const config = (await (await Nginx.find(host, settings))?.readConfig()) ?? '';
    // A router of ours that is down knows, and tells once it is up.
    return isOwnConfig(config) ? [] : [bothSlotsRun(settings)];
  },
};

/** To take either for idle would end what users may get. */
export function bothSlotsRun({ project, slots: { blue, green } }: Settings): Said {
  return error(
    `${blue} and ${green} both run, and no router tells which of them is live.`,
    `Stop the one that is not: docker compose -p ${project} stop ${green} (or ${blue}).`,
  );
}
