// What tsc leaves to do: the database tool beside its caller, the workflows as one bundle, and the run bit.
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

copyFileSync(at('src/database/sqlite_tool.py'), at('dist/database/sqlite_tool.py'));
const { code } = await bundleWorkflowCode({
  workflowsPath: at('dist/workflows/index.js'),
  logger: new DefaultLogger('ERROR'),
});
writeFileSync(at('dist/workflow-bundle.js'), code);
chmodSync(at('dist/cli/main.js'), 0o755);
