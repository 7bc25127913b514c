import type { JudgingSettings, RouterSettings, Settings } from '../model/settings.js';
import type { Keys } from './schema.js';
import { bakeMap } from './schema-switch.js';

type Rollout = Pick<Settings, 'canary' | 'bake' | 'judging' | 'approval'>;

/** How a release reaches its users. What is off is left out: settings are kept in every history. */
export function rolloutSettings({ canary, bake, approval }: Keys): Rollout {
  return {
    ...(canary ? { canary: { stages: canary.stages, pauseMs: canary.pause, sticky: canary.sticky } } : {}),
    ...(bake ? { bake: { durationMs: bake.duration } } : {}),
    ...(canary || bake ? { judging: judgingSettings(bake ?? alone(canary?.pause)) } : {}),
    ...(approval
      ? { approval: { when: approval.when, timeoutMs: approval.timeout, otherwise: approval.otherwise } }
      : {}),
  };
}

type BakeKeys = NonNullable<Keys['bake']>;

/** A canary without a bake is judged by its defaults, and no stage is shorter than a window. */
function alone(pauseMs = Infinity): BakeKeys {
  const defaults = bakeMap.parse({});
  return { ...defaults, window: Math.min(defaults.window, pauseMs) };
}

function judgingSettings({ window, failures, errors, latency, minRequests }: BakeKeys): JudgingSettings {
  return { windowMs: window, failures, maxErrorPercent: errors, maxLatencyFactor: latency, minRequests };
}

type RouterKeys = Omit<Keys['router'], 'others'>;

/** The primary router, and the others, each as the primary where it does not say otherwise. */
export function routers({ others, ...primary }: Keys['router']): Pick<Settings, 'router' | 'otherRouters'> {
  const router = routerSettings(primary);
  if (others.length === 0) return { router };
  return { router, otherRouters: others.map((own) => routerSettings(asPrimary(own, primary))) };
}

/** A key that is not there does not say otherwise; `snippets: false` does. */
function asPrimary({ snippets, ...own }: Keys['router']['others'][number], primary: RouterKeys): RouterKeys {
  const { snippets: usual, ...rest } = primary;
  const said = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  const wanted = snippets === undefined ? usual : snippets;
  return { ...rest, ...said, ...(wanted ? { snippets: wanted } : {}) };
}

function routerSettings(keys: RouterKeys): RouterSettings {
  const { maxBody, readTimeout, sendTimeout, upstreamIdle, snippets, ...always } = keys;
  return {
    ...always,
    ...(maxBody === undefined ? {} : { maxBody }),
    ...(readTimeout === undefined ? {} : { readTimeoutMs: readTimeout }),
    ...(sendTimeout === undefined ? {} : { sendTimeoutMs: sendTimeout }),
    ...(upstreamIdle === undefined ? {} : { upstreamIdleMs: upstreamIdle }),
    ...(snippets === undefined ? {} : { snippets }),
  };
}
