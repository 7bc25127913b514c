// What tsc leaves to do: the database tool beside its caller, the workflows as one bundle, the commands in a few files, and the run bit.
import { createRequire } from 'node:module';
import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { build } from 'esbuild';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Changes one file of a package as it is put together with the rest; a file that no longer has these words ends the build. */
function changing(filter, ...changes) {
  return {
    name: `changing ${filter}`,
    setup: ({ onLoad }) =>
      onLoad({ filter }, ({ path }) => {
        let contents = readFileSync(path, 'utf8');
        for (const [from, to] of changes) {
          if (!contents.includes(from)) throw new Error(`${path} no longer has ${JSON.stringify(from)}`);
          contents = contents.replace(from, () => to);
        }
        return { contents, loader: 'js' };
      }),
  };
}

/** The client of the engine is loaded when a command first talks to it, by a `require` that esbuild would leave as it is. */
const dockerodeToo = changing(/dist\/hosts\/local-host\.js$/, [
  'const require = createRequire(import.meta.url);\n',
  '',
]);

/** Temporal's core is a library of the machine's own kind, which stays where it was installed. */
const coreWhereItIs = changing(/core-bridge\/common\.js$/, [
  "path.resolve(__dirname, 'releases'",
  "path.resolve(path.dirname(require.resolve('@temporalio/core-bridge')), 'releases'",
]);

/** The workflows are put together by the build. What does that is a third of all that a worker would load. */
const noBundler = {
  name: 'no-bundler',
  setup: ({ onLoad }) =>
    onLoad({ filter: /@temporalio\/worker\/lib\/workflow\/bundler\.js$/ }, () => ({
      contents: 'exports.defaultWorkflowInterceptorModules = [];',
      loader: 'js',
    })),
};

cpSync(at('src/database/sqlite_tool'), at('dist/database/sqlite_tool'), { recursive: true });
const { code } = await bundleWorkflowCode({
  workflowsPath: at('dist/workflows/index.js'),
  logger: new DefaultLogger('ERROR'),
});
writeFileSync(at('dist/workflow-bundle.js'), code);
await putTogether();
chmodSync(at('dist/cli/main.js'), 0o755);

/** Every command, with what it needs of other packages: `dist/cli/together.js`, and what is loaded when it is asked for. */
async function putTogether() {
  for (const file of readdirSync(at('dist/cli'))) if (file.startsWith('together')) rmSync(at(`dist/cli/${file}`));
  const thread = fileURLToPath(import.meta.resolve('@temporalio/worker/lib/workflow/workflow-worker-thread.js'));
  await build({
    // A worker looks for its thread by this name.
    entryPoints: { together: at('dist/cli/run.js'), 'workflow-worker-thread': thread },
    // Beside what it is made of: files of the package are found from there, too.
    outdir: at('dist/cli'),
    chunkNames: 'together-[hash]',
    bundle: true,
    splitting: true,
    minifyWhitespace: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // `ssh2` does without the first. The last two are for a person who looks for a fault in a workflow.
    external: ['cpu-features', '*.node', './worker-thread', './inbound-interceptor', './outbound-interceptor'],
    // Packages in CommonJS know these, and those of Node are asked for by the first.
    banner: {
      js: [
        "import { createRequire as requireFrom } from 'node:module';",
        'const require = requireFrom(import.meta.url), __dirname = import.meta.dirname, __filename = import.meta.filename;',
      ].join(' '),
    },
    plugins: [dockerodeToo, coreWhereItIs, noBundler],
    logLevel: 'warning',
  });
  // By which the places in a workflow's stack are found again.
  cpSync(createRequire(thread).resolve('source-map/lib/mappings.wasm'), at('dist/cli/mappings.wasm'));
}
