import type { InitFacts } from './init-facts.js';

/** What `pointsman init --ci` writes files for. */
export const ciKinds = ['gitlab', 'github'] as const;
export type CiKind = (typeof ciKinds)[number];

interface CiFile {
  readonly template: string;
  /** Where the CI looks for it. */
  readonly file: string;
  /** What the job `build` pushes. */
  readonly image: string;
  /** Where the values of variables belong. */
  readonly secrets: string;
}

export const ciFiles: Readonly<Record<CiKind, CiFile>> = {
  gitlab: {
    template: 'ci/gitlab-ci.yml',
    file: '.gitlab-ci.yml',
    image: 'registry.gitlab.com/<group>/<project>:{release}',
    secrets: 'Settings > CI/CD > Variables',
  },
  github: {
    template: 'ci/github-deploy.yml',
    file: '.github/workflows/deploy.yml',
    image: 'ghcr.io/<owner>/<repository>:{release}',
    secrets: 'Settings > Environments > production',
  },
};

/**
 * The file for the CI. A line of the template that holds `@variable@` is there once for each variable that goes into the
 * app's `.env`, and not at all where there is none.
 */
export function ciText(template: string, { project, replica }: InitFacts, version: string): string {
  const names = replica?.requireEnv ?? [];
  const lines = template
    .split('\n')
    .flatMap((line) => (line.includes('@variable@') ? names.map((name) => line.replaceAll('@variable@', name)) : line));
  return lines.join('\n').replaceAll('@project@', project).replaceAll('@version@', version);
}

/** What a person still has to do before the first pipeline. */
export function ciSteps(kind: CiKind, isPython: boolean): string[] {
  const { file, image, secrets } = ciFiles[kind];
  return [
    ...(isPython ? [] : [`no Python file is here: put your project's own commands into test and lint of ${file}`]),
    `let image in pointsman.yml name what the job build pushes, such as ${image}`,
    `put the address of your app into ${file}, and what its first lines list into ${secrets}`,
  ];
}
