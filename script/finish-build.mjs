// What tsc leaves to do: the database tool beside its caller, the workflows as one bundle, the commands in a few files, and the run bit.
import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { build } from 'esbuild';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** A package's file as something else; its text must still be what it is changed from. */
const changed = (name, filter, change) => ({
  name,
  setup: ({ onLoad }) =>
    onLoad({ filter }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const contents = change(text);
      if (contents === text)
        throw new Error(`${path} is no longer what it was: see "${name}" in script/finish-build.mjs`);
      return { contents, loader: 'js' };
    }),
});

/** The client of the engine is loaded when a command first talks to it, by a `require` that esbuild would leave as it is. */
const dockerodeToo = changed('dockerode-too', /dist\/hosts\/local-host\.js$/, (text) =>
  text.replace('const require = createRequire(import.meta.url);\n', ''),
);

/**
 * What the client of the engine needs for an engine over SSH and for BuildKit, when it is asked for: to load it takes twice as long as
 * the client.
 */
const rarePartsLater = [
  [/docker-modem\/lib\/modem\.js$/, "ssh = require('./ssh')", "ssh = (...given) => require('./ssh')(...given)"],
  [
    /dockerode\/lib\/docker\.js$/,
    "withSession = require('./session')",
    "withSession = (...given) => require('./session')(...given)",
  ],
].map(([file, at, later]) => changed('rare-parts-later', file, (text) => text.replace(at, later)));

/** The thread that workflows run in begins with a file of its own, which lies beside all others. */
const threadBeside = changed('thread-beside', /@temporalio\/worker\/lib\/workflow\/threaded-vm\.js$/, (text) =>
  text.replace("require.resolve('./workflow-worker-thread')", "require.resolve('./together-workflows.js')"),
);

/** Its native part stays in its package, and is found as the worker's package finds it. */
const coreInItsPackage = changed('core-in-its-package', /@temporalio\/core-bridge\/common\.js$/, (text) =>
  text.replace(
    "path.resolve(__dirname, 'releases'",
    "path.resolve(path.dirname(requireFrom(require.resolve('@temporalio/worker')).resolve('@temporalio/core-bridge')), 'releases'",
  ),
);

/** Workflows are bundled by now, so what bundles them need not come along: webpack is larger than everything else. */
const noBundler = changed('no-bundler', /@temporalio\/worker\/lib\/workflow\/bundler\.js$/, (text) =>
  text.includes('exports.defaultWorkflowInterceptorModules') ? 'exports.defaultWorkflowInterceptorModules = [];' : text,
);

cpSync(at('src/database/sqlite_tool'), at('dist/database/sqlite_tool'), { recursive: true });
const { code } = await bundleWorkflowCode({
  workflowsPath: at('dist/workflows/index.js'),
  logger: new DefaultLogger('ERROR'),
});
writeFileSync(at('dist/workflow-bundle.js'), code);
await putTogether();
chmodSync(at('dist/cli/main.js'), 0o755);

/**
 * Every command, with what it needs of other packages: `dist/cli/together.js`, and what is loaded when it is asked for. Files of the
 * package are found from there as from any other folder in `dist`: what looks for one must lie that deep in `src`.
 */
async function putTogether() {
  const { resolve } = createRequire(import.meta.url);
  const thread = resolve('@temporalio/worker/lib/workflow/workflow-worker-thread.js');
  // The stack of a workflow's error is told by its source map, which is read with this.
  const sourceMap = dirname(createRequire(thread).resolve('source-map'));
  cpSync(join(sourceMap, 'lib/mappings.wasm'), at('dist/cli/mappings.wasm'));
  for (const file of readdirSync(at('dist/cli'))) if (file.startsWith('together')) rmSync(at(`dist/cli/${file}`));
  await build({
    entryPoints: { together: at('dist/cli/run.js'), 'together-workflows': thread },
    outdir: at('dist/cli'),
    chunkNames: 'together-[hash]',
    bundle: true,
    splitting: true,
    minifyWhitespace: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // `ssh2` does without the first.
    external: ['cpu-features', '*.node'],
    // Packages in CommonJS know these, and those of Node are asked for by the first.
    banner: {
      js: [
        "import { createRequire as requireFrom } from 'node:module';",
        'const require = requireFrom(import.meta.url), __dirname = import.meta.dirname;',
      ].join(' '),
    },
    plugins: [dockerodeToo, ...rarePartsLater, threadBeside, coreInItsPackage, noBundler],
    logLevel: 'warning',
  });
}
