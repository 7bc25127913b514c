import type { Activities } from '../model/activities.js';
import { adoptSteps } from './adopt-steps.js';
import { databaseSteps } from './database-steps.js';
import type { Dependencies } from './dependencies.js';
import { holdSteps } from './hold-steps.js';
import { drillSteps } from './drill-steps.js';
import { preflightStep } from './preflight-step.js';
import { recordSteps } from './record-steps.js';
import { rehearsalStep } from './rehearsal-step.js';
import { replicaSteps } from './replica-steps.js';
import { routerSteps } from './router-steps.js';
import { slotSteps } from './slot-steps.js';
import { watchSteps } from './watch-steps.js';

export type { Dependencies } from './dependencies.js';

/** The verbs of the story, made from what they work with. */
export function createActivities(dependencies: Dependencies): Activities {
  return {
    ...preflightStep(dependencies),
    ...slotSteps(dependencies),
    ...routerSteps(dependencies),
    ...databaseSteps(dependencies),
    ...holdSteps(dependencies),
    ...replicaSteps(dependencies),
    ...recordSteps(dependencies),
    ...rehearsalStep(dependencies),
    ...drillSteps(dependencies),
    ...watchSteps(dependencies),
    ...adoptSteps(dependencies),
  };
}
