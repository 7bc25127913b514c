import { builtinModules } from 'node:module';
import importX from 'eslint-plugin-import-x';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import tseslint from 'typescript-eslint';

const node = [...builtinModules, ...builtinModules.map((name) => `node:${name}`)];

/** A layer, and the folders of `src` whose values it must not import (design: ARCHITECTURE.md, "Layers"). */
function layer(folder, forbidden, options = {}) {
  const patterns = forbidden.map((name) => ({
    regex: `^(\\.\\./)+${name}(/|\\.js$)`,
    message: `${folder} must not import ${name}: see ARCHITECTURE.md, "Layers".`,
    allowTypeImports: options.types ?? false,
  }));
  const paths = (options.packages ?? []).map((name) => ({ name, message: `${folder} must not import ${name}.` }));
  return {
    files: [`src/${folder}/**/*.ts`],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns, paths }] },
  };
}

const noEnvironment = {
  files: ['src/**/*.ts'],
  ignores: ['src/cli/**', 'src/worker.ts', 'src/secrets/sources.ts'],
  rules: {
    'no-restricted-properties': [
      'error',
      { object: 'process', property: 'env', message: 'Only the edge reads the environment.' },
    ],
    'no-console': 'error',
  },
};

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'import-x/no-cycle': 'error',
      'import-x/no-default-export': 'error',
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', { max: 60, skipComments: true, skipBlankLines: true }],
      'max-params': ['error', 4],
    },
  },
  {
    files: ['test/**', '*.config.ts'],
    // A describe is one function, and a fake of an asynchronous interface awaits nothing.
    rules: {
      'import-x/no-default-export': 'off',
      'max-lines-per-function': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  noEnvironment,
  layer(
    'model',
    [
      'workflows',
      'activities',
      'hosts',
      'docker',
      'router',
      'database',
      'preflight',
      'cli',
      'config',
      'temporal',
      'secrets',
      'install',
    ],
    {
      packages: node,
    },
  ),
  layer(
    'workflows',
    [
      'activities',
      'hosts',
      'docker',
      'router',
      'database',
      'preflight',
      'cli',
      'config',
      'temporal',
      'secrets',
      'install',
    ],
    {
      packages: [...node, 'zod', 'yaml', '@temporalio/activity', '@temporalio/client', '@temporalio/worker'],
      types: true,
    },
  ),
  layer('hosts', [
    'docker',
    'router',
    'database',
    'preflight',
    'activities',
    'workflows',
    'cli',
    'config',
    'temporal',
    'install',
  ]),
  layer('docker', [
    'router',
    'database',
    'preflight',
    'activities',
    'workflows',
    'cli',
    'config',
    'temporal',
    'install',
  ]),
  layer('router', ['database', 'preflight', 'activities', 'workflows', 'cli', 'config', 'temporal', 'install']),
  layer('database', ['router', 'preflight', 'activities', 'workflows', 'cli', 'config', 'temporal', 'install']),
  layer('shipping', [
    'router',
    'database',
    'preflight',
    'activities',
    'workflows',
    'cli',
    'config',
    'temporal',
    'install',
  ]),
  layer('preflight', ['activities', 'workflows', 'cli', 'config', 'temporal', 'install']),
  layer('activities', ['workflows', 'cli', 'config', 'temporal', 'install']),
  layer('install', [
    'workflows',
    'activities',
    'docker',
    'router',
    'database',
    'preflight',
    'cli',
    'config',
    'secrets',
  ]),
  layer('cli', ['activities']),
);
