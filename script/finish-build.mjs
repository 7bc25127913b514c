// What tsc leaves to do: the database tool beside its caller, the workflows as one bundle, and the run bit.
import { chmodSync, cpSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

cpSync(at('src/database/sqlite_tool'), at('dist/database/sqlite_tool'), { recursive: true });
const { code } = await bundleWorkflowCode({
  workflowsPath: at('dist/workflows/index.js'),
  logger: new DefaultLogger('ERROR'),
});
writeFileSync(at('dist/workflow-bundle.js'), code);
chmodSync(at('dist/cli/main.js'), 0o755);
