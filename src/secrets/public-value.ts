/** A variable of an environment. */
export interface Variable {
  readonly name: string;
  readonly value: string;
}

/** Characters of a value: shorter ones are never secret, since they would blank out ordinary words. */
export const shortest = 6;

/** Anywhere in a name. */
const secretPart =
  /KEY|SECRET|PASSWORD|PASSWD|PASSPHRASE|TOKEN|CREDENTIAL|DSN|PRIVATE|WEBHOOK|CONNECTION_?STRING|COOKIE/i;

/** The last part of a name, or one between underscores: elsewhere they are parts of ordinary words (AUTHOR, PASSENGER). */
const secretWord =
  /(?:PASS|PWD|AUTH|AUTHORIZATION|JWT|CREDS|CERT|SALT|PEPPER|SESSION|SIGNATURE|SIGNING|MNEMONIC|HMAC|(?:^|[_.-])(?:PW|PIN|OTP|SIG|SAS|SEED|LICENSE))(?:ES|S|\d+)?(?=$|[_.-])/i;

/** Says where a secret lies. */
const placeOfSecret = /_(?:FILE|PATH|DIR|SOCK|SOCKET)$/i;

/** What every environment has, and what names its place in the world. */
const wellKnown =
  /^(?:PATH|HOME|LANG|LANGUAGE|LC_[A-Z]+|HOSTNAME|TERM|TZ|PWD|OLDPWD|SHLVL|SHELL|USER|LOGNAME|TMPDIR|DEBIAN_FRONTEND|NODE_ENV|COMPOSE_(?:FILE|PROFILES|PROJECT_NAME))$/;

/** Names of releases are random: often a commit. */
const namesRelease = /(?:^|_)(?:RELEASE|VERSION|IMAGE|TAG|SLOT|COMMIT|REVISION|SHA)$/i;

/** Names of what people call things by, if the value looks like such a name. */
const namesThing =
  /(?:^|_)(?:HOST|HOSTNAME|DOMAIN|BUCKET|REGION|ENV|ENVIRONMENT|LEVEL|MODE|FORMAT|LOCALE|TIMEZONE|DATABASE|DB|DIR|PATH|FILE|SOCK|SOCKET|MODULE|BACKEND|DRIVER|ENGINE|PROVIDER|ENDPOINT|ADDR|ADDRESS|SERVER)$/i;

/** Ordinary words of settings. */
const settingWord =
  /^(?:default|always|never|production|development|staging|testing|localhost|warning|notice|critical|verbose|unless-stopped|on-failure|sqlite|postgres|postgresql|noninteractive)$/i;

/** Whether a variable of this name holds a secret even where its value is a number, a path or an ordinary word. */
export function looksSecret(name: string): boolean {
  return !wellKnown.test(name) && !placeOfSecret.test(name) && (secretPart.test(name) || secretWord.test(name));
}

/**
 * Whether everybody may see a variable's value: what the app is made of has that name, the variable is known to be
 * public, or the value is a number, a date, a boolean, a path, or an address without anything secret in it.
 *
 * @param known names of what the app is made of: services, images, releases, volumes, paths.
 */
export function isPublic({ name, value }: Variable, known: ReadonlySet<string>): boolean {
  if (value.length < shortest || known.has(value) || /^(?:enabled|disabled)$/i.test(value)) return true;
  if (looksSecret(name)) return false;
  if (wellKnown.test(name)) return true;
  if (namesRelease.test(name) && isReference(value)) return true;
  return elementsOf(value).every(
    (element) => isPublicForm(element, known) || (namesThing.test(name) && isPlain(element)),
  );
}

/** Of a list; a colon separates paths. */
function elementsOf(value: string): string[] {
  return value.split(/[,;\s]+|:(?=\/[^/])/).filter(Boolean);
}

function isPublicForm(value: string, known: ReadonlySet<string>): boolean {
  const host = value.replace(/:\d{1,5}$/, '');
  return (
    known.has(host) || settingWord.test(host) || isQuantity(value) || isDate(value) || isPath(value) || isAddress(host)
  );
}

/** A number, with a unit or as a version: `8000`, `1.5`, `-1`, `300s`, `512MB`, `3.11.4`. */
function isQuantity(value: string): boolean {
  return /^[+-]?\d{1,12}(?:\.\d{1,12}){0,3}(?:[a-z]{1,3}|%)?$/i.test(value);
}

function isDate(value: string): boolean {
  return /^\d{4}-\d{2}-\d{2}(?:T[\d:.]{5,15}(?:Z|[+-]\d{2}:?\d{2})?)?$/.test(value);
}

function isPath(value: string): boolean {
  return /^(?:\.{0,2}|~)\//.test(value) && isPlain(value);
}

/** An IP address or a URL; what a user, a query or a fragment of a URL says may be secret. */
function isAddress(value: string): boolean {
  if (/^\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,2})?$|^\[[\da-f:]*\]$/i.test(value)) return true;
  const [, host, path = ''] =
    /^[a-z][a-z0-9+.-]{0,20}:\/\/([\w.:-]*|\[[\da-f:]*\](?::\d{1,5})?)(\/[^?#@]*)?$/i.exec(value) ?? [];
  return host !== undefined && (host.includes('.') || isPlain(host)) && isPlain(path);
}

/** The reference of an image, or a part of one. */
function isReference(value: string): boolean {
  return /^\w[\w.:/@+-]*$/.test(value) && !value.includes('://');
}

/** Made of parts as people choose them: words, each with a number after it. What is random has digits in between. */
function isPlain(value: string): boolean {
  return value.split(/[/:._@~-]+/).every((part) => /^(?:[a-z]{1,20}|[A-Z]{1,20}|[A-Za-z]{1,12})?\d{0,8}$/.test(part));
}
