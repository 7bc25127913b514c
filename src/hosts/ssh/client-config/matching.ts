import { SshError } from '../error.js';
import { matchesPattern, matchesPatterns } from '../patterns.js';
import { unsupportedAt } from './keywords.js';
import type { ConfigLine } from './lines.js';

/** What the conditions of a configuration are held against. */
export interface Subject {
  /** As it was written in the address. */
  readonly originalHost: string;
  /** The original one; in the second reading what HostName made of it. */
  readonly blockHost: string;
  /** What HostName has made of it up to here. */
  readonly hostname: string;
  readonly user: string;
  readonly localUser: string;
  /** The configuration is read for the second time, because of a `Match final`. */
  readonly finalPass: boolean;
}

/** Whether what follows a `Host` applies. */
export function hostApplies({ values }: ConfigLine, { blockHost }: Subject): boolean {
  if (values.some((value) => value.startsWith('!') && matchesPattern(value.slice(1), blockHost))) return false;
  return values.some((value) => !value.startsWith('!') && matchesPattern(value, blockHost));
}

/**
 * Whether what follows a `Match` applies.
 *
 * @throws {SshError} `usage` where that depends on a condition that is not supported, such as `exec`, or is incomplete.
 */
export function matchApplies(line: ConfigLine, subject: Subject): boolean {
  const judged = criteriaOf(line).map((criterion) => ({ ...criterion, holds: holds(criterion, subject) }));
  if (judged.some(({ holds, negated }) => holds === negated)) return false;
  const open = judged.find(({ holds }) => holds === null);
  if (!open) return true;
  throw unsupportedAt(line, 'Use Host, or Match host, originalhost, user or localuser.', `Match ${open.name}`);
}

/** Whether a `Match` asks for the configuration to be read a second time. */
export function mentionsFinal(line: ConfigLine): boolean {
  return criteriaOf(line).some(({ name }) => name === 'final');
}

interface Criterion {
  readonly name: string;
  readonly negated: boolean;
  readonly value: string;
}

const withoutValue = ['all', 'final', 'canonical'];

function criteriaOf({ values, place }: ConfigLine): Criterion[] {
  const criteria: Criterion[] = [];
  const left = [...values];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const [, not, name = '', inline] = /^(!?)([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    const lone = withoutValue.includes(name.toLowerCase());
    const value = lone ? '' : (inline ?? left.shift());
    if (!value && !lone) throw new SshError('usage', `${place}: Match ${word} has no value.`);
    criteria.push({ name: name.toLowerCase(), negated: not === '!', value: value ?? '' });
  }
  return criteria;
}

/** `null`: this cannot be told. */
function holds({ name, value }: Criterion, subject: Subject): boolean | null {
  const patterns = value.split(',');
  const lowerCase = value.toLowerCase().split(',');
  switch (name) {
    case 'all':
      return true;
    case 'final':
    case 'canonical':
      return subject.finalPass;
    case 'host':
      return matchesPatterns(lowerCase, subject.hostname.toLowerCase());
    case 'originalhost':
      return matchesPatterns(lowerCase, subject.originalHost.toLowerCase());
    case 'user':
      return matchesPatterns(patterns, subject.user);
    case 'localuser':
      return matchesPatterns(patterns, subject.localUser);
    default:
      return null;
  }
}
