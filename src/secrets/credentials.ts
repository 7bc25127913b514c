import { marker } from './marker.js';

/** What is redacted already is left. */
const unmarked = String.raw`(?!\[redacted\])`;

/** Between a header's name and its value: in a request, in JSON and JSON within it, in Python's words and in Go's. */
const separator = String.raw`\\?["'\]]?[ \t]{0,9}[:=,][ \t]{0,9}${unmarked}(?:\[?b?\\?["'\x60]|\[)?`;

const parameter = String.raw`[\w-]+=(?:"[^"\r\n]*"|[^\s,"']+)`;

const authorization = new RegExp(
  String.raw`((?:proxy-)?authorization${separator})([\w-]+[ \t]+)?${unmarked}(${parameter}(?:,\s?${parameter})*,?|[^\s"']+)`,
  'gi',
);

/** Prose says `cookie: missing`: a cookie has a name. Bounded, since each `cookie:` begins a search for its end. */
const cookies = new RegExp(String.raw`((?:set-)?cookie2?${separator})[^\s=;"']{1,99}=(?:[^\r\n"'\\]|\\.)*`, 'gi');

const keys = new RegExp(
  String.raw`((?:\bx-[\w-]{0,40}(?:key|token|secret|signature)|\bapi-?key|\bprivate-token)${separator})[^\s"',;\])]+`,
  'gi',
);

/** Schemes that are never followed by an ordinary word (IANA, "HTTP Authentication Schemes", and what else is common). */
const schemes = /^(?:basic|bearer|digest|negotiate|ntlm|token|apikey|hawk|dpop|aws4-\S+)\s/i;

/** A word and what ends a sentence: `authorization: denied.` */
const word = /^[a-z]{1,19}[.,;:!?)]*$/i;

/** Replaces what is secret by its place, whatever it is: in URLs, and in headers that log people in. */
export function redactCredentials(text: string): string {
  return text
    .replaceAll(/(:\/\/[^\s/:@"'<>]*:)[^\s/?#"'<>]+@/g, `$1${marker}@`)
    .replaceAll(/(\bhttps?:\/\/)[^\s/?#:@"'<>]+@/g, `$1${marker}@`)
    .replaceAll(cookies, `$1${marker}`)
    .replaceAll(keys, `$1${marker}`)
    .replaceAll(authorization, (whole: string, name: string, scheme: string | undefined, value: string) =>
      word.test(value) && !schemes.test(scheme ?? '') ? whole : `${name}${scheme ?? ''}${marker}`,
    );
}
