import { expect, test } from 'vitest';
import { differencesOf, varies, type PathAnswer } from '../../src/model/adopt.js';

const before: PathAnswer = {
  ...{ path: '/', status: 200, headers: { 'content-type': 'a', 'content-length': 'b', 'x-id': varies }, body: 'c' },
  fromSlot: false,
};

test.each<[string, Partial<PathAnswer>, Partial<PathAnswer>, string[]]>([
  ['the same answer is no difference', {}, {}, []],
  ['another status is one', {}, { status: 404, body: 'd' }, ['/: status 200 before, 404 now']],
  ['no answer is one', {}, { status: null }, ['/: status 200 before, none now']],
  ['a status that varied before cannot be compared', { status: null }, { status: 404 }, []],
  [
    'a header that is gone is one',
    {},
    { headers: { 'content-type': 'a', 'x-id': 'e' } },
    ['/: the header content-length is gone'],
  ],
  ['a header that is new is one', {}, { headers: { ...before.headers, 'x-new': 'f' } }, ['/: the header x-new is new']],
  [
    'another value is one',
    {},
    { headers: { ...before.headers, 'content-type': 'g' } },
    ['/: the header content-type has another value'],
  ],
  ['what varies by itself is none', {}, { headers: { ...before.headers, 'x-id': 'h' } }, []],
  ['another body is one', {}, { body: 'i' }, ['/: another body']],
  ['a body that varied before cannot be compared', { body: null }, { body: 'i' }, []],
  [
    'a body that the app itself has changed meanwhile is none, nor is its length',
    { fromSlot: true },
    { fromSlot: true, body: 'j', headers: { ...before.headers, 'content-length': 'k' } },
    [],
  ],
  ['a body that does not come from the app any more is one', { fromSlot: true }, { body: 'j' }, ['/: another body']],
])('%s', (_, was, is, found) => {
  expect(differencesOf({ ...before, ...was }, { ...before, ...is })).toEqual(found);
});
