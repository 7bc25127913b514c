import type { Activities } from '../model/activities.js';
import { databaseSteps } from './database-steps.js';
import type { Dependencies } from './dependencies.js';
import { laterSteps } from './later-steps.js';
import { preflightStep } from './preflight-step.js';
import { recordSteps } from './record-steps.js';
import { replicaSteps } from './replica-steps.js';
import { routerSteps } from './router-steps.js';
import { slotSteps } from './slot-steps.js';

export type { Dependencies } from './dependencies.js';

/** The verbs of the story, made from what they work with. */
export function createActivities(dependencies: Dependencies): Activities {
  return {
    ...preflightStep(dependencies),
    ...slotSteps(dependencies),
    ...routerSteps(dependencies),
    ...databaseSteps(dependencies),
    ...replicaSteps(dependencies),
    ...recordSteps(dependencies),
    ...laterSteps(),
  };
}
