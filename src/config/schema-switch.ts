import { z } from 'zod';
import { pathInContainer, service } from './schema-common.js';
import {
  duration,
  factor,
  listOf,
  oneOf,
  onOrOff,
  orOff,
  percent,
  port,
  section,
  text,
  valueWords,
  wholeNumber,
} from './value-types.js';

const second = 1000;
const hour = 3600 * second;
const day = 24 * hour;

const stages = listOf({
  about: 'Percent of the requests that the new release gets, stage by stage.',
  item: wholeNumber({ about: 'A stage.', min: 1, max: 99, example: 25 }),
  expected: 'a list of percents, ascending',
  example: '[5, 25, 50]',
});

const canaryMap = section(
  'The new release gets a part of the requests first, in stages, and is judged in each as `bake` says; one that does badly is taken back. A list is short for its `stages`: `canary: [5, 25, 50]`.',
  {
    stages,
    pause: duration({ about: 'How long each stage lasts.', minMs: second, maxMs: day, example: '1m' }).prefault('1m'),
    sticky: oneOf(
      'What keeps a user on one release. `none`: each request is weighed by itself. `cookie`: a cookie that the router sets. `address`: the address that the router sees, which is that of a proxy in front of it.',
      ['none', 'cookie', 'address'],
    ).prefault('none'),
  },
).register(valueWords, { expected: 'a list of percents, or a map', example: '[5, 25, 50]' });

/** Off, a list of stages, or a map; none is left where the list is empty. */
export const canary = z.union([z.literal(false), stages, canaryMap]).transform((value) => {
  if (value === false) return null;
  const canary = Array.isArray(value) ? canaryMap.parse({ stages: value }) : value;
  return canary.stages.length === 0 ? null : canary;
});

/** Also how a canary is judged where there is no bake. */
export const bakeMap = section(
  "The watch after the switch: the old slot stays warm while the new release is judged by its health and by what it answers users. After some bad windows in a row the router switches back by itself, in one reload. `true` takes the defaults. A canary's stages are judged by the same.",
  {
    duration: duration({
      about: 'How long the release is watched after the switch.',
      minMs: second,
      maxMs: day,
      example: '2m',
    }).prefault('2m'),
    window: duration({
      about: 'Each part of that time is judged by itself.',
      minMs: second,
      maxMs: hour,
      example: '10s',
    }).prefault('10s'),
    failures: wholeNumber({
      about: 'Bad windows in a row that end it.',
      min: 1,
      max: 100,
      example: 3,
    }).prefault(3),
    errors: percent(
      "A window is bad when more of its answers than this were 5xx, and more than of the old release's.",
      '1%',
    ).prefault('1%'),
    latency: orOff(
      factor({
        about:
          "A window is bad when the 95th percentile of the latency is more than this many times the old release's. `false`: latency is not judged.",
        max: 100,
        example: 3,
      }),
    ).prefault(3),
    minRequests: wholeNumber({
      about: 'A window with fewer requests is judged by health alone.',
      min: 1,
      max: 1_000_000,
      example: 20,
    }).prefault(20),
  },
);

export const bake = onOrOff(bakeMap);

const whenAsked = ['before-switch', 'after-canary'] as const;

const approvalMap = section(
  'A person is asked before users get the release, while it can be looked at through the router with the header `X-Pointsman-Preview`. `none`, or when: `before-switch`, or `after-canary`, which is after the last stage. A map says more than when. `pointsman approve` and `pointsman abort --reason` answer; `deploy --yes` says yes beforehand.',
  {
    when: oneOf('When a person is asked.', whenAsked),
    timeout: duration({
      about: 'How long an answer is waited for.',
      minMs: second,
      maxMs: 7 * day,
      example: '1h',
    }).prefault('1h'),
    otherwise: oneOf('The answer where nobody gives one in time.', ['abort', 'approve']).prefault('abort'),
  },
).register(valueWords, { expected: `none, ${whenAsked.join(', ')}, or a map`, example: whenAsked[0] });

export const approval = z
  .union([z.literal([false, 'none', ...whenAsked]), approvalMap])
  .transform((value) =>
    value === false || value === 'none' ? null : typeof value === 'string' ? approvalMap.parse({ when: value }) : value,
  );

const wait = (about: string, example: string, otherwise: string) =>
  duration({ about, minMs: second, maxMs: day, example, otherwise }).optional();

/** @param otherwise what holds where a limit is not set, in place of nginx's or pointsman's own. */
const limits = (otherwise?: string) => ({
  maxBody: text({
    about: 'Largest body of a request. `"0"`: any.',
    pattern: /^\d{1,12}[kKmMgG]?$/,
    expected: 'a size in bytes, or with k, m or g',
    example: '500m',
    otherwise: otherwise ?? '`100m`',
  }).optional(),
  readTimeout: wait('Longest pause of the app between two parts of its answer.', '10m', otherwise ?? '`300s`'),
  sendTimeout: wait(
    'Longest pause between two parts of a request that is passed on to the app.',
    '2m',
    otherwise ?? '`60s`',
  ),
  upstreamIdle: wait(
    'How long an idle connection to the app is kept: less than the app itself keeps it.',
    '5s',
    otherwise ?? '`60s`',
  ),
});

const snippets = (otherwise: string) =>
  pathInContainer(
    'Directory in its container with nginx configuration of your own: `http/*.conf`, `server/*.conf` and `location/*.conf` are included there.',
    '/etc/nginx/snippets',
    otherwise,
  );

/** What only some apps need of their router. */
export const routerLimits = { ...limits(), snippets: snippets('none').optional() };

const asPrimary = 'as `router`';

/** The same of another router, which may also have no snippets where the primary has some. */
const otherRouterLimits = { ...limits(asPrimary), snippets: orOff(snippets(asPrimary)).optional() };

/** More routers in front of the same slots. */
export const otherRouters = listOf({
  about:
    'More routers in front of the same slots. Each is switched, proven, held, drained and put back with this one, and serves what this one serves.',
  item: section(
    'One more nginx service in front of the same slots, with a config directory of its own. What it does not say is as `router` has it.',
    {
      service: service('Its Compose service.', 'router-internal'),
      port: port('Port on which nginx listens inside its container.', 5001, asPrimary).optional(),
      upstreamPort: port('Port on which both slots listen for this router.', 8000, asPrimary).optional(),
      configDirectory: pathInContainer(
        'Directory in its container from which nginx includes `*.conf`: a mount that no other router has.',
        '/etc/nginx/conf.d',
        asPrimary,
      ).optional(),
      ...otherRouterLimits,
    },
  ),
  expected: 'a list of maps',
  example: '[{ service: router-internal, port: 5001 }]',
}).prefault([]);
