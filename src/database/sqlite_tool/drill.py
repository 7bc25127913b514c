"""A database as a drill sees it: the restored one, and the live one beside it."""

import os
from contextlib import closing
from datetime import datetime, timezone

from sqlite_tool.connections import open_live, problems, size
from sqlite_tool.errors import CORRUPT, ToolError
from sqlite_tool.files import free_bytes
from sqlite_tool.fingerprint import fingerprint, row_counts


def examine(args):
    """Facts, read in one transaction. A restored one (`scratch`) is checked as a whole, and opened to any user."""
    database = args['database']
    if not os.path.exists(database):
        return {'absent': True}
    changed_at = changed(database)
    with closing(open_live(database, args['waitSeconds'])) as connection:
        if args['scratch']:
            found = problems(connection, 'integrity_check')
            if found:
                raise ToolError(CORRUPT, found)
        connection.execute('BEGIN')
        facts = {
            'absent': False,
            'fingerprint': fingerprint(connection, args['migrationTable']),
            'rows': row_counts(connection),
            'bytes': size(connection),
            'freeBytes': free_bytes(database),
            'changedAt': changed_at,
        }
    if args['scratch']:
        open_to_all(os.path.dirname(database))
    return facts


def changed(database):
    """When it was last written to."""
    files = [path for path in (database, database + '-wal') if os.path.exists(path)]
    newest = max(os.stat(path).st_mtime for path in files)
    return datetime.fromtimestamp(newest, timezone.utc).isoformat(timespec='milliseconds')


def open_to_all(directory):
    """Root restored it, and the app runs as whoever it wants."""
    for path, _, files in os.walk(directory):
        os.chmod(path, 0o777)
        for name in files:
            os.chmod(os.path.join(path, name), 0o666)
