"""A copy of the live database for a migration to be tried on, and what came of it."""

import os
import sqlite3
from contextlib import closing
from itertools import islice

from sqlite_tool.connections import Deadline, copy_to, open_live, problems, size
from sqlite_tool.files import require_space
from sqlite_tool.fingerprint import fingerprint
from sqlite_tool.progress import size_of, watched

# A migration may write everything anew, and its WAL too.
SPACE = 3
MOST_VIOLATIONS = 1000


def copy_for_rehearsal(args):
    """Copies the live database to `copy`, in a volume mounted at `root`, and says how it is."""
    database, path = args['database'], args['copy']
    if not os.path.exists(database):
        return {'absent': True}
    own_directories(path, args['root'], os.path.dirname(database))
    with closing(open_live(database, args['waitSeconds'])) as live:
        require_space(path, SPACE * size(live), 'the copy for the rehearsal')
        with watched('copy', size(live), size_of(path)):
            copy_to(path, live, database, Deadline(args['waitSeconds']))
    return judge(args)


def judge(args):
    """The copy as it stands."""
    with closing(open_live(args['copy'], args['waitSeconds'])) as copy:
        copy.execute('BEGIN')
        return {
            'absent': False,
            'fingerprint': fingerprint(copy, args['migrationTable']),
            'problem': problems(copy, 'quick_check'),
            'violations': violations(copy),
            'bytes': size(copy),
        }


def violations(connection):
    """Rows that refer to none; `None` where a key refers to what is not unique, which SQLite only finds when it looks."""
    try:
        return sum(1 for _ in islice(connection.execute('PRAGMA foreign_key_check'), MOST_VIOLATIONS))
    except sqlite3.OperationalError as error:
        if 'foreign key mismatch' not in str(error):
            raise
        return None


def own_directories(path, root, model):
    """The app's user has to write beside the copy too: SQLite puts its journal there."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    wanted = os.stat(model)
    directory = os.path.dirname(path)
    while directory.startswith(root):
        os.chown(directory, wanted.st_uid, wanted.st_gid)
        os.chmod(directory, wanted.st_mode & 0o7777)
        directory = os.path.dirname(directory)
