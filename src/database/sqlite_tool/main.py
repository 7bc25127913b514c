"""Commands on a SQLite database that others have open: `main.py <command> <arguments as JSON>`.

Standard output ends with one JSON object, the result or `{"error": …}`; progress goes to standard error as JSON
lines; errors.py lists the exit codes. Runs on Python 3.9 or later with nothing but its standard library.
"""

import json
import os
import traceback
from contextlib import closing

from sqlite_tool.backups import backup, list_backups, prune, verify
from sqlite_tool.connections import open_live, problems, size
from sqlite_tool.errors import BUG, exit_code
from sqlite_tool.files import free_bytes, read_json, salvage_path
from sqlite_tool.fingerprint import fingerprint, row_counts
from sqlite_tool.replica import copy, prove
from sqlite_tool.restore import Restore


def inspect(args):
    """The database as it stands, read in one transaction, and whether the restore of that timestamp has begun."""
    database = args['database']
    if not os.path.exists(database):
        return {'absent': True}
    with closing(open_live(database, args['waitSeconds'])) as live:
        live.execute('BEGIN')
        return {
            'absent': False,
            'fingerprint': fingerprint(live, args['migrationTable']),
            'rows': row_counts(live),
            'problem': problems(live, 'quick_check'),
            'bytes': size(live),
            'freeBytes': free_bytes(database),
            'restoreBegun': read_json(salvage_path(database, args['timestamp']) + '.json') is not None,
        }


COMMANDS = {
    'fingerprint': inspect,
    'backup': backup,
    'verify': verify,
    'list': list_backups,
    'restore': lambda args: Restore(args).run(),
    'prune': prune,
    'copy': copy,
    'prove': prove,
}


def main(argv):
    command, args = argv
    try:
        print(json.dumps(COMMANDS[command](json.loads(args))))
        return 0
    except Exception as error:  # every end is an exit code and a sentence for the caller
        code = exit_code(error)
        if code == BUG:
            traceback.print_exc()
        print(json.dumps({'error': str(error) or type(error).__name__}))
        return code
