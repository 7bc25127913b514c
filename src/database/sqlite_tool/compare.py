"""Table by table, what a salvage holds that the backup does not: counted by SQL, so memory stays bounded."""

import sqlite3
from contextlib import closing

from sqlite_tool.connections import open_still, still_uri
from sqlite_tool.fingerprint import quoted, tables
from sqlite_tool.progress import say


def compare(salvage, backup):
    """Rows are told apart by primary key, or by rowid where the tables have no key in common."""
    reports, not_compared = [], []
    with closing(open_still(salvage)) as connection:
        connection.execute('ATTACH ? AS backup', (still_uri(backup),))
        try:
            names = sorted({*tables(connection), *tables(connection, 'backup')})
        except sqlite3.DatabaseError as error:
            # A salvage is kept as it was, even when it was damaged already.
            return {'tables': [], 'notCompared': [{'table': '*', 'problem': str(error)}]}
        for name in names:
            say('compare', table=name)
            try:
                counts = compare_table(connection, name)
            except sqlite3.DatabaseError as error:
                not_compared.append({'table': name, 'problem': str(error)})
                continue
            if any(counts.values()):
                reports.append({'table': name, **counts})
    return {'tables': reports, 'notCompared': not_compared}


def compare_table(connection, name):
    columns = {database: columns_of(connection, database, name) for database in ('main', 'backup')}
    key = key_of(connection, name, columns)
    if key is None:
        # One of the two has no such table, or nothing tells their rows apart: all of them differ.
        counts = [count(connection, database, name) if columns[database] else 0 for database in ('main', 'backup')]
        return {'onlyInSalvage': counts[0], 'onlyInBackup': counts[1], 'changed': 0}
    here, there = f'main.{quoted(name)}', f'backup.{quoted(name)}'
    same = ' AND '.join(f'a.{column} IS b.{column}' for column in key)
    return {
        'onlyInSalvage': missing(connection, here, there, same),
        'onlyInBackup': missing(connection, there, here, same),
        'changed': changed(connection, (here, there, same), columns),
    }


def columns_of(connection, database, name):
    """Name of each column, with its place in the primary key (0: not in it)."""
    return {row[1]: row[5] for row in connection.execute(f'PRAGMA {database}.table_info({quoted(name)})')}


def key_of(connection, name, columns):
    here, there = (primary_key(columns[database]) for database in ('main', 'backup'))
    if here and here == there:
        return [quoted(column) for column in here]
    alias = next((alias for alias in ('rowid', '_rowid_', 'oid') if not is_column(alias, columns)), None)
    if alias and all(has_rowid(connection, database, name, alias) for database in columns):
        return [alias]
    return None


def primary_key(columns):
    return sorted((column for column, place in columns.items() if place), key=columns.get)


def is_column(alias, columns):
    return any(alias == column.lower() for found in columns.values() for column in found)


def has_rowid(connection, database, name, alias):
    try:
        connection.execute(f'SELECT {alias} FROM {database}.{quoted(name)} LIMIT 0')
    except sqlite3.OperationalError:
        return False
    return True


def count(connection, database, name):
    return connection.execute(f'SELECT count(*) FROM {database}.{quoted(name)}').fetchone()[0]


def missing(connection, here, there, same):
    query = f'SELECT count(*) FROM {here} AS a WHERE NOT EXISTS (SELECT 1 FROM {there} AS b WHERE {same})'
    return connection.execute(query).fetchone()[0]


def changed(connection, joined, columns):
    """Rows in both with other content, in the columns that both have: a column that was added is no change of a row."""
    here, there, same = joined
    common = [quoted(column) for column in columns['main'] if column in columns['backup']]
    # Not by the column's own collation: to NOCASE "A" and "a" are the same.
    values = [', '.join(f'{side}.{column} COLLATE BINARY' for column in common) for side in ('a', 'b')]
    query = f'SELECT count(*) FROM {here} AS a JOIN {there} AS b ON {same} WHERE ({values[0]}) IS NOT ({values[1]})'
    return connection.execute(query).fetchone()[0]
