"""The live database as it is found: all that a deploy depends on, and a look that writes nothing at all."""

import os
import sqlite3
import threading
from contextlib import closing, contextmanager

from sqlite_tool.connections import open_live, open_still, problems, read_only_uri, size
from sqlite_tool.errors import CORRUPT, exit_code
from sqlite_tool.files import free_bytes, read_json, salvage_path
from sqlite_tool.fingerprint import fingerprint, row_counts
from sqlite_tool.progress import bytes_read, watched


def inspect(args):
    """The database as it stands, read in one transaction, and whether the restore of that timestamp has begun."""
    database = args['database']
    if not os.path.exists(database):
        return {'absent': True}
    with closing(open_live(database, args['waitSeconds'])) as live:
        live.execute('BEGIN')
        with watched('check', size(live), bytes_read()):
            problem = problems(live, 'quick_check')
        return {
            'absent': False,
            'fingerprint': fingerprint(live, args['migrationTable']),
            'rows': row_counts(live),
            'problem': problem,
            'bytes': size(live),
            'freeBytes': free_bytes(database),
            'restoreBegun': read_json(salvage_path(database, args['timestamp']) + '.json') is not None,
        }


def look(args):
    """Size, free space and quick check, for a volume that is mounted read-only.

    The check ends without a word after `checkSeconds`: every backup is checked as a whole.
    """
    database = args['database']
    if not os.path.exists(database):
        return {'absent': True}
    facts = {'absent': False, 'bytes': os.path.getsize(database), 'freeBytes': free_bytes(database), 'problem': None}
    try:
        connection = open_to_look(database)
        if connection:
            with closing(connection), at_most(args['checkSeconds'], connection):
                facts['bytes'] = size(connection)
                facts['problem'] = problems(connection, 'quick_check')
    except sqlite3.DatabaseError as error:
        # Whatever else is in the way (a lock, a WAL that cannot be read like this) is no fault of the database.
        if exit_code(error) == CORRUPT:
            facts['problem'] = str(error)
    return facts


def open_to_look(path):
    """`None` where nobody has a database open that was not closed: it cannot be read without mending it first."""
    with open(path, 'rb') as file:
        uses_wal = file.read(19)[18:] == b'\x02'
    if not uses_wal or os.path.exists(path + '-shm'):
        return sqlite3.connect(read_only_uri(path), uri=True, timeout=5, isolation_level=None)
    wal = path + '-wal'
    return None if os.path.exists(wal) and os.path.getsize(wal) > 0 else open_still(path)


@contextmanager
def at_most(seconds, connection):
    timer = threading.Timer(seconds, connection.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        # Not while it interrupts: a connection must not be closed under it.
        timer.join()
