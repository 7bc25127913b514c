import { isOwnSlotsEnv, slotsEnvPath } from '../../docker/slots-env.js';
import { keptSuffix } from '../../hosts/own-file.js';
import { warning, type Check } from '../check.js';

export const stateFiles: Check = {
  name: 'state',
  looksAt: "slots.env in pointsman's state is one that pointsman wrote",
  run: async ({ host, settings }) => {
    const path = slotsEnvPath(host, settings);
    const text = (await host.readFile(path)) ?? '';
    if (text === '' || isOwnSlotsEnv(text)) return [];
    return [warning(`${path} was not written by pointsman.`, `It is replaced, and stays as ${path}${keptSuffix}.`)];
  },
};
