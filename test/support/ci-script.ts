import { parse } from 'yaml';

export type Template = 'gitlab' | 'github';

export interface Job {
  readonly [key: string]: unknown;
  readonly if?: string;
  readonly needs?: readonly string[];
  readonly rules?: readonly Rule[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly script?: readonly string[];
  readonly before_script?: readonly string[];
  readonly after_script?: readonly string[];
  readonly steps?: readonly Step[];
}

interface Rule {
  readonly if: string;
  readonly when?: string;
}

type Triggers = Readonly<Record<string, { readonly branches?: readonly string[] } | null>>;

interface Step {
  readonly if?: string;
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What starts a pipeline, in the words of that CI's expressions: `{ $CI_COMMIT_BRANCH: 'main' }`. */
export type CiEvent = Readonly<Record<string, string>>;

/** Words at the top of a `.gitlab-ci.yml` that are no jobs. */
const gitlabKeywords = ['workflow', 'stages', 'default', 'variables', 'include'];

/** Each job with what it extends, as the CI would put it together. */
export function jobsOf(template: Template, yaml: string): ReadonlyMap<string, Job> {
  const file = parse(yaml) as Record<string, Job>;
  if (template === 'github') return new Map(Object.entries((file as unknown as { jobs: Record<string, Job> }).jobs));
  const jobs = Object.entries(file).filter(([name]) => !gitlabKeywords.includes(name) && !name.startsWith('.'));
  return new Map(jobs.map(([name, job]) => [name, { ...file[String(job['extends'])], ...job }]));
}

export function jobOf(template: Template, yaml: string, name: string): Job {
  const job = jobsOf(template, yaml).get(name);
  if (!job) throw new Error(`There is no job ${name}.`);
  return job;
}

/** The commands of a job, setting up included, as its shell gets them. */
export function commandsOf(job: Job): string[] {
  const steps = (job.steps ?? []).flatMap(({ run }) => run ?? []);
  return [...(job.before_script ?? []), ...(job.script ?? []), ...steps];
}

/** The script of the job `deploy` as it stands, without what installs pointsman. */
export function deployScript(template: Template, yaml: string): string {
  const job = jobOf(template, yaml, 'deploy');
  const steps = (job.steps ?? []).filter(({ name }) => name === 'Deploy').flatMap(({ run }) => run ?? []);
  return [...(job.script ?? []), ...steps].join('\n');
}

/** What the job `deploy` does once it was cancelled. */
export function cancelScript(template: Template, yaml: string): string {
  const job = jobOf(template, yaml, 'deploy');
  const steps = (job.steps ?? []).filter((step) => step.if === 'cancelled()').flatMap(({ run }) => run ?? []);
  return [...(job.after_script ?? []), ...steps].join('\n');
}

/** The jobs that run for an event, those that wait for a person marked so. */
export function jobsFor(template: Template, yaml: string, event: CiEvent): string[] {
  if (!startsOn(template, yaml, event)) return [];
  return [...jobsOf(template, yaml)].flatMap(([name, job]) => {
    if (template === 'github') return holds(job.if ?? 'true == true', event) ? [name] : [];
    const rule: Rule | undefined = job.rules ? job.rules.find((each) => holds(each.if, event)) : { if: 'always' };
    return rule ? [rule.when === 'manual' ? `${name} (by hand)` : name] : [];
  });
}

function startsOn(template: Template, yaml: string, event: CiEvent): boolean {
  const { workflow, on } = parse(yaml) as { workflow?: { rules: readonly Rule[] }; on?: Triggers };
  if (template === 'gitlab') return (workflow?.rules ?? []).some((rule) => holds(rule.if, event));
  const name = event['github.event_name'] ?? '';
  if (!on || !(name in on)) return false;
  const { branches } = on[name] ?? {};
  return branches?.includes(event['github.ref_name'] ?? '') ?? true;
}

/** Conditions as the templates use them: comparisons, joined by `&&`. Anything else is refused. */
function holds(condition: string, event: CiEvent): boolean {
  return condition.split('&&').every((part) => {
    const [left, operator, right, ...rest] = part.trim().split(/\s+/);
    if (rest.length > 0 || (operator !== '==' && operator !== '!=')) throw new Error(`not understood: ${part}`);
    return (operator === '==') === (valueOf(left, event) === valueOf(right, event));
  });
}

function valueOf(word: string | undefined, event: CiEvent): string {
  const quoted = /^(["'])(.*)\1$/.exec(word ?? '');
  return quoted?.[2] ?? event[word ?? ''] ?? '';
}
