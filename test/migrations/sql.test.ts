import { describe, expect, test } from 'vitest';
import { findCommits } from '../../src/migrations/find-commits.js';
import { found } from './support.js';

const sql = (text: string, allow?: readonly string[]): string[] => found('m.sql', text, allow);

describe('a statement that ends the transaction, or cannot run in one, is found where it stands', () => {
  test.each([
    ['BEGIN; CREATE TABLE a (x); COMMIT;', ['1:1 begin', '1:28 commit']],
    ['begin immediate transaction;\n  end transaction', ['1:1 begin', '2:3 commit']],
    ['CREATE TABLE a (x);\nROLLBACK;', ['2:1 rollback']],
    ['VACUUM', ['1:1 vacuum']],
    ["vacuum into 'copy.db';", ['1:1 vacuum']],
    ['PRAGMA journal_mode = WAL;', ['1:1 journal-mode']],
    ['PRAGMA main.journal_mode(delete);', ['1:1 journal-mode']],
    ['PRAGMA foreign_keys=off;', ['1:1 foreign-keys']],
    ['PRAGMA synchronous = -1;', ['1:1 synchronous']],
    ['PRAGMA wal_checkpoint;PRAGMA wal_checkpoint(TRUNCATE);', ['1:1 checkpoint', '1:23 checkpoint']],
    ["ATTACH 'b.db' AS b; DETACH DATABASE b;", ['1:1 attach', '1:21 attach']],
    ['RELEASE theirs; ROLLBACK TO SAVEPOINT theirs;', ['1:1 savepoint', '1:17 savepoint']],
    ['-- one\n/* two\n*/ /* three */ COMMIT -- four\n;', ['3:16 commit']],
    ['\uFEFFCOMMIT;', ['1:2 commit']],
    ['SELECT 1;\r\nSELECT 2;\r\n\tCOMMIT;\r\n', ['3:2 commit']],
  ])('%j', (text, expected) => {
    expect(sql(text)).toEqual(expected);
  });
});

describe('nothing is found in', () => {
  test.each([
    ['an empty file', ''],
    ['comments', '-- COMMIT;\n/* VACUUM; */\n/* ; COMMIT'],
    [
      'strings and names',
      `INSERT INTO "COMMIT;" VALUES ('x; COMMIT; it''s; VACUUM', "BEGIN;"); SELECT [END;] FROM \`a;b\`;`,
    ],
    [
      'the body of a trigger',
      'CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN\n UPDATE b SET x = CASE WHEN 1 THEN 2 END;\n DELETE FROM c;\nEND;\nSELECT 1;',
    ],
    ['an expression with END', 'SELECT CASE x WHEN 1 THEN 2 END FROM a;'],
    [
      'a pragma that only asks, or is part of the transaction',
      'PRAGMA journal_mode; PRAGMA user_version = 3; PRAGMA cache_size = -2000;',
    ],
    ['what is to be used instead', 'PRAGMA defer_foreign_keys = ON; PRAGMA foreign_key_check;'],
    ['savepoints of its own', 'SAVEPOINT a; INSERT INTO t VALUES (1); ROLLBACK TO a; RELEASE SAVEPOINT A;'],
    [
      'goose',
      '-- +goose Up\n-- +goose StatementBegin\nCREATE TABLE a (x);\n-- +goose StatementEnd\n-- +goose Down\nDROP TABLE a;',
    ],
    ['dbmate', '-- migrate:up\nCREATE TABLE a (x);\n-- migrate:down\nDROP TABLE a;'],
    ['drizzle', 'CREATE TABLE `a` (`x` integer);\n--> statement-breakpoint\nCREATE INDEX `b` ON `a` (`x`);'],
    [
      'what SQLite alone knows',
      "CREATE TABLE a (x INTEGER PRIMARY KEY, y AS (x + 1) STORED) STRICT; CREATE VIRTUAL TABLE f USING fts5(a, tokenize='porter'); INSERT INTO a VALUES (1) ON CONFLICT DO NOTHING RETURNING x; REINDEX; ANALYZE;",
    ],
  ])('%s', (_, text) => {
    expect(sql(text)).toEqual([]);
  });
});

test.each([
  '-- migrate:up transaction:false',
  '-- +goose NO TRANSACTION',
  '-- +migrate Up notransaction',
  '-- no-transaction',
  '-- transactional: false',
  '---- tern: disable-tx ----',
])('the marker %s is found', (marker) => {
  expect(sql(`-- first\n${marker}\nCREATE TABLE a (x);`)).toEqual(['2:1 no-transaction']);
});

describe('what the parser cannot read', () => {
  test('is said with the place at which it stopped, and the rest is judged all the same', () => {
    expect(sql('SELECT 1;\nCREATE TABLE a\n  (x) nonsense;\nCOMMIT;')).toEqual(['3:7 unreadable', '4:1 commit']);
  });

  test('is judged by its first words', () => {
    expect(sql('COMMIT nonsense here; VACUUM a b c; PRAGMA journal_mode = %;')).toEqual([
      '1:1 commit',
      '1:23 vacuum',
      '1:37 journal-mode',
    ]);
  });

  test('is a trigger without its end, which takes everything after it with it', () => {
    expect(sql('CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1;\nCOMMIT;')).toHaveLength(1);
  });

  test('is a command of the sqlite3 shell', () => {
    expect(sql('.mode csv\nCOMMIT;')).toEqual(['1:1 unreadable']);
  });
});

test('many rows of data are not parsed, and what stands behind them is found', () => {
  expect(sql(`${"INSERT INTO a VALUES (1, 'some text');\n".repeat(20_000)}COMMIT;`)).toEqual(['20001:1 commit']);
});

describe('a finding is allowed', () => {
  test.each([
    ['on its line', 'VACUUM; -- pointsman: allow vacuum'],
    ['on the line before', '/* pointsman: allow commit, vacuum */\nVACUUM;'],
    ['on the last line of the statement', "VACUUM\nINTO 'x'; -- pointsman: allow vacuum"],
  ])('%s', (_, text) => {
    expect(sql(text)).toEqual([]);
  });

  test.each([
    ['another rule', 'VACUUM; -- pointsman: allow commit'],
    ['a line further away', '-- pointsman: allow vacuum\n\nVACUUM;'],
    ['the line after', 'SELECT 1; -- pointsman: allow vacuum\nVACUUM;'],
    ['a string', "VACUUM; SELECT '-- pointsman: allow vacuum';"],
  ])('but not by a comment on %s', (_, text) => {
    expect(sql(text).map((each) => each.split(' ')[1])).toEqual(['vacuum']);
  });

  test('for the whole project', () => {
    expect(sql('VACUUM; COMMIT;', ['vacuum'])).toEqual(['1:9 commit']);
  });
});

test('a finding says what it is, why it matters and what to do', () => {
  expect(findCommits({ path: 'db/0001.sql', text: 'SELECT 1;\n  COMMIT\n;' }, [])).toEqual([
    {
      path: 'db/0001.sql',
      line: 2,
      column: 3,
      rule: 'commit',
      severity: 'error',
      statement: 'COMMIT',
      why: 'commits: what came before can no longer be rolled back when a later migration fails',
      fix: 'Remove it: the runner commits once, after the last migration.',
    },
  ]);
});
