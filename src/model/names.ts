import type { DatabaseSettings, Settings } from './settings.js';

/** The workflow's id is the lock: one run per project and environment, whatever it does. */
export function workflowId(settings: Pick<Settings, 'project' | 'environment'>): string {
  return `${settings.project}/${settings.environment}`;
}

/** A drill has an id of its own, so that it never waits for a deploy, nor a deploy for it. Its schedule has the same. */
export function drillId(settings: Pick<Settings, 'project' | 'environment'>): string {
  return `${workflowId(settings)}/drill`;
}

/** Those who wait for an environment stand in a line of their own. */
export function queueId(settings: Pick<Settings, 'project' | 'environment'>): string {
  return `${workflowId(settings)}/queue`;
}

/** Image of a release, from the template in `pointsman.yml`. */
export function imageOf(settings: Pick<Settings, 'image'>, release: string): string {
  return settings.image.replaceAll('{release}', release);
}

/** File name of the backup that a deploy makes. */
export function backupName(database: DatabaseSettings, timestamp: string): string {
  if (database.kind === 'postgres') return `${database.name}.pre-deploy-${timestamp}.dump`;
  return `${database.path.split('/').at(-1) ?? ''}.pre-deploy-${timestamp}`;
}

/** `20261123T092334Z`: sorts by time and is safe in a file or container name. */
export function timestampOf(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d+/, '').replace(/[-:]/g, '');
}

/** A release goes into image tags, headers and file names, so it must be what a Docker tag may be. */
export const releasePattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
