import { CancellationScope, proxySinks, type Sinks, type WorkflowInterceptors } from '@temporalio/workflow';

/** What a workflow asks for, told to the test that replays it. Part of the bundle, and no part of the program. */
export interface AskedForSinks extends Sinks {
  readonly askedFor: { call(name: string, args: unknown): void };
}

const { askedFor } = proxySinks<AskedForSinks>();

/** What is asked for in a scope that is cancelled already never gets as far as Temporal. */
function tell(name: string, args: unknown): void {
  if (!CancellationScope.current().consideredCancelled) askedFor.call(name, args);
}

export const interceptors = (): WorkflowInterceptors => ({
  outbound: [
    {
      scheduleActivity(input, next) {
        tell(input.activityType, input.args[0]);
        return next(input);
      },
      startChildWorkflowExecution(input, next) {
        tell(input.workflowType, input.options.args[0]);
        return next(input);
      },
    },
  ],
});
