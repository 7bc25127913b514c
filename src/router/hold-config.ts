import type { HoldSettings } from '../model/settings.js';
import { bytesOf, pathOf, stateLine } from './state-line.js';

/** A write hold as part of the router's config. */
export interface HoldConfig {
  /** Timestamp of the deploy that holds. */
  readonly by: string;
  /** Second since 1970 from which on nginx lets writes through again by itself. */
  readonly until: number;
  readonly rules: HoldSettings;
  /** Never held: the router's own proof of a release asks there. */
  readonly healthPath: string;
}

/** The line by which a config with a hold is known again. */
export const holdLine = stateLine<Pick<HoldConfig, 'by' | 'until'>>('Writes are held', ['by', 'until']);

/** The hold that a config of pointsman's has; `null` when it has none. */
export function heldIn(config: string | null): Pick<HoldConfig, 'by' | 'until'> | null {
  return holdLine.read(config);
}

/**
 * Which requests are held, as `$pointsman_held`. A map is asked anew for each request, so the deadline is one more of
 * them: it ends the hold where nobody is left to reload nginx.
 */
export function holdMaps({ until, rules, healthPath }: HoldConfig): string {
  const lines = (kind: string, paths: readonly string[]) =>
    paths.map((path) => `    "~^${bytesOf(path)}" ${kind};\n`).join('');
  return `# False from the second on that stands in the status answer, whatever has become of whoever holds.
map $msec $pointsman_holding {
    default true;
    "~${secondsFrom(until)}[.]" false;
}

map $request_method $pointsman_method {
    default reads;
    "~^(?:${rules.methods.map(bytesOf).join('|')})$" writes;
}

map $uri $pointsman_path {
    default any;
    "~^${pathOf(healthPath)}$" free;
${lines('free', rules.except)}${lines('writes', rules.paths)}}

# What follows an upgrade is not HTTP any more: a WebSocket could write.
map $http_upgrade $pointsman_protocol {
    default other;
    '' http;
}

map "$pointsman_holding $pointsman_path $pointsman_method $pointsman_protocol" $pointsman_held {
    default 0;
    "~^true writes " 1;
    "~^true any writes " 1;
    "~^true any reads other$" 1;
}

`;
}

/**
 * What whoever wants to write gets.
 *
 * @param headers those of the server, which are not inherited where a block has some of its own.
 */
export function holdAnswer({ until, rules }: HoldConfig, headers: readonly string[]): string {
  const seconds = rules.retryAfterSeconds;
  return `        default_type text/plain;
        if ($pointsman_held) {
${headers.map((header) => `            ${header}\n`).join('')}            add_header X-Pointsman-Hold "until ${timeOf(until)}" always;
            add_header Retry-After ${seconds} always;
            add_header Cache-Control no-store always;
            return 503 "Nothing can be written while a new release is started. Try again in ${seconds} s.\\n";
        }
`;
}

/** What the status answer says of a hold, besides what is live. */
export function holdStatus({ by, until }: HoldConfig): string {
  return `,"held":$pointsman_holding,"until":"${timeOf(until)}","by":"${by}"`;
}

/** A second since 1970, ISO 8601. */
export function timeOf(second: number): string {
  return new Date(second * 1000).toISOString();
}

/** A regular expression for the beginning of every whole number that is not below `number`. */
export function secondsFrom(number: number): string {
  const digits = String(number);
  const greater = [...digits].flatMap((digit, at) => {
    const rest = digits.length - at - 1;
    return digit === '9' ? [] : [`${digits.slice(0, at)}[${Number(digit) + 1}-9][0-9]{${rest}}`];
  });
  return `^(?:${[digits, ...greater, `[0-9]{${digits.length + 1},}`].join('|')})`;
}
