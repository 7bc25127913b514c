"""Whether what was restored from a replica is the database, told while others go on writing to it.

The database is copied before the replica is asked to catch up, and once more after the replica was restored. A replica
that is right was restored to a state between the two, so:
- a row that is in every copy of the database must be in what was restored;
- a row that was restored must be in one of the copies.
A row counts with its whole content. A row that writers changed twice between the two breaks this, as a counter does: so
whoever asks does it once more, and what counts then is a row that is in every copy of the database and in nothing that
was restored, or in everything that was restored and in no copy.
"""

import os
import sqlite3
from contextlib import closing

from sqlite_tool.compare import columns_of, has_rowid, is_column, primary_key
from sqlite_tool.connections import Deadline, copy_to, open_live, open_still, size, still_uri
from sqlite_tool.files import require_space
from sqlite_tool.fingerprint import fingerprint, quoted, tables
from sqlite_tool.progress import say, size_of, watched


def copy_elsewhere(args):
    """A copy of the live database in a scratch place, with room for `roomFor` of its kind checked before."""
    with closing(open_live(args['database'], args['waitSeconds'])) as live:
        require_space(args['to'], size(live) * args['roomFor'] * 9 // 8, 'the proof of the replica')
        with watched('copy', size(live), size_of(args['to'])):
            copy_to(args['to'], live, args['database'], Deadline(args['waitSeconds']))
    return {'bytes': os.path.getsize(args['to'])}


def prove(args):
    """What tells the restored files from the copies of the database; nothing when the replica is right."""
    live, restored = args['live'], args['restored']
    say('compare')
    parts = shape_differences(live, restored[-1], args['migrationTable'])
    found = [] if parts else row_differences(live, restored)
    return {'bytes': os.path.getsize(restored[-1]), 'parts': parts, 'tables': found}


def shape_differences(live, restored, migration_table):
    """Parts of the fingerprint in which the restored database is like none of the copies."""
    prints = [fingerprint_of(path, migration_table) for path in live]
    mine = fingerprint_of(restored, migration_table)
    if mine in prints:
        return []
    return [part for part in mine if mine[part] != prints[-1][part]] or ['schema']


def fingerprint_of(path, migration_table):
    with closing(open_still(path)) as connection:
        return fingerprint(connection, migration_table)


def row_differences(live, restored):
    with closing(sqlite3.connect(':memory:', uri=True, isolation_level=None)) as connection:
        names = {'live': [], 'restored': []}
        for side, paths in (('live', live), ('restored', restored)):
            for number, path in enumerate(paths):
                names[side].append(f'{side}{number}')
                connection.execute(f'ATTACH ? AS {side}{number}', (still_uri(path),))
        every = [*names['live'], *names['restored']]
        found = sorted(set.intersection(*(set(tables(connection, name)) for name in every)))
        reports = (table_differences(connection, table, names['live'], names['restored']) for table in found)
        return [report for report in reports if report['missing'] or report['extra']]


def table_differences(connection, table, live, restored):
    say('compare', table=table)
    columns = {name: columns_of(connection, name, table) for name in (*live, *restored)}
    if len({tuple(found) for found in columns.values()}) > 1:
        # Somebody changed the table between the copies; its rows are no longer the same thing.
        return {'table': table, 'missing': 0, 'extra': 0}
    equal = same_row(connection, table, columns)
    try:
        missing = in_all_and_none(connection, table, (live, restored), equal)
        extra = in_all_and_none(connection, table, (restored, live), equal)
    except sqlite3.OperationalError as error:
        if 'no such collation' not in str(error):
            raise
        # Its rows are ordered by a collation that only the app has, so that nobody else can find them.
        return {'table': table, 'missing': 0, 'extra': 0}
    return {'table': table, 'missing': missing, 'extra': extra}


def same_row(connection, table, columns):
    """The condition under which rows `a` and `b` are the same: key first, for the index, then all that is in them."""
    names = [quoted(column) for column in next(iter(columns.values()))]
    # Not by the column's own collation: to NOCASE "A" and "a" are the same.
    content = ['(' + ', '.join(f'{side}.{column} COLLATE BINARY' for column in names) + ')' for side in 'ab']
    key = ' AND '.join(f'a.{column} IS b.{column}' for column in key_of(connection, table, columns))
    return f'{key} AND {content[0]} IS {content[1]}' if key else f'{content[0]} IS {content[1]}'


def key_of(connection, table, columns):
    alias = next((alias for alias in ('rowid', '_rowid_', 'oid') if not is_column(alias, columns)), None)
    if alias and all(has_rowid(connection, name, table, alias) for name in columns):
        return [alias]
    return [quoted(column) for column in primary_key(next(iter(columns.values())))]


def in_all_and_none(connection, table, sides, equal):
    """How many rows are in each database of the one side, and in none of the other."""
    (first, *others), none = sides
    found = f'EXISTS (SELECT 1 FROM {{}}.{quoted(table)} AS b WHERE {equal})'
    conditions = [found.format(name) for name in others] + ['NOT ' + found.format(name) for name in none]
    query = f'SELECT count(*) FROM {first}.{quoted(table)} AS a WHERE {" AND ".join(conditions)}'
    return connection.execute(query).fetchone()[0]
