import { resolve } from 'node:path';
import type { Host } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';
import { environmentDirectory } from './slots-env.js';

/**
 * Settings in which every path is one of the host: a project that was shipped lies in pointsman's own state, wherever
 * that is there.
 */
export function settingsOn(host: Pick<Host, 'stateDirectory'>, settings: Settings): Settings {
  return { ...settings, directory: resolve(environmentDirectory(host, settings), settings.directory) };
}
