import { describe, expect, test } from 'vitest';
import { found } from './support.js';

const python = (text: string): string[] => found('m.py', text);
const up = (...lines: string[]): string => ['def up(conn):', ...lines.map((line) => `    ${line}`), ''].join('\n');

describe('what commits is found where it stands', () => {
  test.each([
    ['conn.commit()', ['2:5 commit']],
    ['self.db.connection.commit()', ['2:5 commit']],
    ['conn.rollback()', ['2:5 rollback']],
    ['conn.executescript(SCRIPT)', ['2:5 executescript']],
    ['conn.execute("COMMIT")', ['2:19 commit']],
    ["conn.cursor().execute('''\n  -- a comment\n  vacuum\n''')", ['4:3 vacuum']],
    ['conn.execute("PRAGMA "\n    "journal_mode"  # two\n    " = WAL")', ['2:19 journal-mode']],
    ['conn.execute(("BEGIN"))', ['2:20 begin']],
    ['conn.execute(f"PRAGMA foreign_keys = {on}")', ['2:20 foreign-keys']],
    ['conn.execute(f"VACUUM {name}")', ['2:20 vacuum']],
    ['conn.execute(r"COMMIT")', ['2:20 commit']],
    ['conn.execute("SELECT 1;\\n\\x43OMMIT")', ['2:30 commit']],
    ['conn.execute("SELECT \'\\U0001F600\';COMMIT")', ['2:39 commit']],
    ['conn.executemany("COMMIT", rows)', ['2:23 commit']],
    ['conn.execute("RELEASE theirs")', ['2:19 savepoint']],
    ['conn.executescript("COMMIT;")', ['2:5 executescript', '2:25 commit']],
    ['with conn:\n        pass', ['2:10 with-connection']],
    ['with open("x") as f, self.db:\n        pass', ['2:26 with-connection']],
    ['with sqlite3.connect(path) as c:\n        c.execute("SELECT 1")', ['2:10 with-connection']],
    ['c = sqlite3.connect(path)\n    with c:\n        pass', ['3:10 with-connection']],
    ['conn.isolation_level = None', ['2:5 isolation-level']],
    ['a, conn.autocommit = 1, True', ['2:5 autocommit']],
    ['op.execute("VACUUM")', ['2:17 vacuum']],
    ['op.execute(sa.text("VACUUM"))', ['2:25 vacuum']],
    ['with op.get_context().autocommit_block():\n        pass', ['2:27 autocommit']],
  ])('%s', (line, expected) => {
    expect(python(up(line))).toEqual(expected);
  });

  test('in migrations of Django', () => {
    const text = `class Migration(migrations.Migration):
    atomic = False
    operations = [
        migrations.RunSQL("SELECT %s; COMMIT", reverse_sql="VACUUM"),
        migrations.RunSQL(["BEGIN", ("COMMIT", None)]),
    ]
`;
    expect(python(text)).toEqual(['2:5 no-transaction', '4:39 commit', '4:61 vacuum', '5:29 begin', '5:39 commit']);
  });

  test('in migrations of yoyo', () => {
    expect(python('__transactional__ = False\nstep("CREATE TABLE a (x)", "COMMIT")\n')).toEqual([
      '1:1 no-transaction',
      '2:29 commit',
    ]);
  });
});

describe('nothing is found in', () => {
  test.each([
    ['comments and docstrings', '"""conn.commit()"""\n    # conn.commit()\n    x = "conn.commit()"'],
    ['what no one calls', 'after = conn.commit'],
    ['a function of that name', 'commit()'],
    ['an argument that is no literal', 'conn.execute(SQL); conn.execute(a + "COMMIT"); conn.execute(*args)'],
    ['parameters', 'conn.execute("INSERT INTO a VALUES (?)", ("COMMIT",))'],
    ['the parameters of Django', 'cursor.execute("SELECT %s, %(name)s", [1])'],
    ['a lock', 'with lock, open("x") as conn:\n        pass'],
    ['a connection that is only closed', 'with closing(sqlite3.connect("x")) as c:\n        pass'],
    ['a nested atomic block', 'with transaction.atomic():\n        pass'],
    ['settings that commit nothing', 'conn.isolation_level = "IMMEDIATE"; conn.autocommit = value; atomic = False'],
    ['savepoints of its own', 'conn.execute("SAVEPOINT a")\n    conn.execute("RELEASE a")'],
    ['an f-string of which nothing is known', 'conn.execute(f"{sql}"); conn.execute(f"SELECT {a} nonsense {b}")'],
    ['bytes', 'sock.execute(b"COMMIT")'],
  ])('%s', (_, line) => {
    expect(python(up(line))).toEqual([]);
  });
});

test('a syntax error is said with its place, and the rest is judged all the same', () => {
  expect(python('def up(conn):\n    x = = 1\n    conn.commit()\n')).toEqual(['2:9 unreadable', '3:5 commit']);
});

describe('a finding is allowed', () => {
  test.each([
    ['on its line', 'session.commit()  # pointsman: allow commit'],
    ['on the line before', '# pointsman: allow commit\n    session.commit()'],
    ['in the SQL', 'conn.execute("""\n    -- pointsman: allow vacuum\n    VACUUM\n    """)'],
    ['on the first line of the call', 'conn.execute(  # pointsman: allow vacuum\n        "VACUUM"\n    )'],
    ['on the last line of the call', 'conn.execute(\n        "VACUUM"\n    )  # pointsman: allow vacuum'],
  ])('%s', (_, line) => {
    expect(python(up(line))).toEqual([]);
  });

  test.each([
    ['another rule', 'conn.commit()  # pointsman: allow vacuum'],
    ['the line after', 'x = 1  # pointsman: allow commit\n    conn.commit()'],
    ['a string', 'conn.commit(); "# pointsman: allow commit"'],
  ])('but not by a comment on %s', (_, line) => {
    expect(python(up(line))).toHaveLength(1);
  });
});
