// Another account of the machine that reaches Temporal and has no key. It is `nobody` from before it connects; its packages
// are read first, as they may lie where nobody can read.
//
//   stranger.mjs ADDRESS ID start|step|answer|cancel|terminate
//
// What it does is about the run ID. Prints how that ended.
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import proto from '@temporalio/proto';

const nobody = 65_534;
process.chdir('/');
process.setgroups([]);
process.setgid(nobody);
process.setuid(nobody);

const namespace = 'default';
const [address, workflowId, what] = process.argv.slice(2);
const connection = await Connection.connect({ address });
const service = connection.workflowService;
const { workflow } = new Client({ connection });
const run = workflow.getHandle(workflowId);

/** What the run was asked for, with its signature: everybody can read it. */
async function askedFor() {
  const { events } = await run.fetchHistory();
  return events[0].workflowExecutionStartedEventAttributes.input.payloads;
}

async function startLikeIt() {
  const theirs = `${workflowId}-theirs`;
  const input = { payloads: await askedFor() };
  const [workflowType, taskQueue] = [{ name: 'deploy' }, { name: 'pointsman' }];
  const request = { namespace, workflowId: theirs, requestId: randomUUID(), workflowType, taskQueue, input };
  await service.startWorkflowExecution(request);
  return workflow.getHandle(theirs).result();
}

/** A workflow of their own, which has the worker stop what is live. */
async function stopWhatIsLive() {
  const { settings } = defaultPayloadConverter.fromPayload((await askedFor())[0]);
  const payload = defaultPayloadConverter.toPayload({ settings, slots: ['blue', 'green'], graceMs: 0 });
  const [theirs, taskQueue] = [`${workflowId}-own`, { name: `stranger-${randomUUID()}` }];
  const ours = { namespace, workflowId: theirs, requestId: randomUUID(), workflowType: { name: 'own' }, taskQueue };
  await service.startWorkflowExecution(ours);
  const next = () =>
    connection.withDeadline(Date.now() + 120_000, () => service.pollWorkflowTaskQueue({ namespace, taskQueue }));
  const { taskToken } = await next();
  const scheduleActivityTaskCommandAttributes = {
    activityId: '1',
    activityType: { name: 'stopSlots' },
    taskQueue: { name: 'pointsman' },
    input: { payloads: [payload] },
    scheduleToCloseTimeout: { seconds: 100 },
  };
  const commandType = proto.temporal.api.enums.v1.CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK;
  await service.respondWorkflowTaskCompleted({
    taskToken,
    commands: [{ commandType, scheduleActivityTaskCommandAttributes }],
  });
  const { history } = await next();
  await workflow.getHandle(theirs).terminate();
  const failed = history.events.find((event) => event.activityTaskFailedEventAttributes);
  if (failed) throw new Error(failed.activityTaskFailedEventAttributes.failure.message);
}

async function answer() {
  const yes = { answer: 'approve', by: 'mallory', reason: '' };
  await run.signal('approval', yes);
  await run.executeUpdate('answerApproval', { args: [yes] });
}

const ways = {
  start: startLikeIt,
  step: stopWhatIsLive,
  answer,
  cancel: () => run.cancel(),
  terminate: () => run.terminate('enough of it'),
};

try {
  await ways[what]();
  console.log('it was done');
} catch (error) {
  console.log(error.cause?.message ?? error.message);
}
process.exit();
