/** What a workflow does. */
export type RunKind = 'deploy' | 'rollback' | 'backup' | 'restore' | 'recover' | 'drill' | 'maintenance' | 'adopt';
