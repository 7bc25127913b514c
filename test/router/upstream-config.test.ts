import { expect, test } from 'vitest';
import { renderWarmUp } from '../../src/router/upstream-config.js';

const config = { service: 'app-blue', port: 8081, healthPath: '/healthz', upstreamPort: 8000, modern: true } as const;

test.each([
  ['resets no connection where the config of the user would', true, 1],
  ['says nothing of it where that says it already, since nginx refuses it twice', false, 0],
])('the reload that ends a warm-up %s', (_, resets, lines) => {
  const rendered = renderWarmUp(['live', 'blue'], { ...config, resets });
  expect(rendered.match(/^keepalive_min_timeout 2s;$/gm) ?? []).toHaveLength(lines);
  expect(rendered.match(/^upstream pointsman_(?:live|blue) \{$/gm)).toHaveLength(2);
});
