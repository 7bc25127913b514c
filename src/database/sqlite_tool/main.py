"""Commands on a SQLite database that others have open.

Standard output ends with one JSON object: the result, or `{"error": …}`; progress goes to standard error as JSON
lines; errors.py lists the exit codes. Runs on Python 3.9 or later with nothing but its standard library.
"""

import argparse
import json
import os
import sys
import traceback
from contextlib import closing

from sqlite_tool.backups import backup, list_backups, prune, verify
from sqlite_tool.connections import open_live, pragma, problems, size
from sqlite_tool.errors import BUG, exit_code
from sqlite_tool.files import free_bytes, read_json, salvage_path
from sqlite_tool.fingerprint import fingerprint, row_counts
from sqlite_tool.restore import restore


def inspect(args):
    """The database as it stands, read in one transaction."""
    if not os.path.exists(args.database):
        return {'absent': True}
    with closing(open_live(args.database, args.wait)) as live:
        live.execute('BEGIN')
        return {
            'fingerprint': fingerprint(live, args.migration_table),
            'rows': row_counts(live),
            'problem': problems(live, 'quick_check'),
            'bytes': size(live),
            'freeBytes': free_bytes(args.database),
            'journalMode': pragma(live, 'journal_mode'),
            'restoreBegun': bool(args.timestamp and read_json(salvage_path(args.database, args.timestamp) + '.json')),
        }


def parser():
    parsed = argparse.ArgumentParser(prog='sqlite_tool')
    commands = parsed.add_subparsers(required=True)

    def command(name, run):
        added = commands.add_parser(name)
        added.set_defaults(run=run)
        added.add_argument('database')
        return added

    looks = command('fingerprint', inspect)
    looks.add_argument('--timestamp')
    backs_up = command('backup', backup)
    for option in ('--timestamp', '--deploy-id', '--release-to'):
        backs_up.add_argument(option, required=True)
    backs_up.add_argument('--release-from')
    command('verify', verify).add_argument('file')
    command('list', list_backups)
    prunes = command('prune', prune)
    prunes.add_argument('--keep', type=int, required=True)
    prunes.add_argument('--protect', action='append', default=[])
    restores = command('restore', restore)
    restores.add_argument('file')
    restores.add_argument('--timestamp', required=True)
    restores.add_argument('--reason', default='')
    for added in (looks, backs_up, restores):
        added.add_argument('--migration-table')
        added.add_argument('--wait', type=float, default=30, help='seconds to wait for a lock')
    return parsed


def main(argv):
    args = parser().parse_args(argv)
    try:
        print(json.dumps(args.run(args)))
        return 0
    except Exception as error:  # the caller gets every end as an exit code and a sentence
        code = exit_code(error)
        if code == BUG:
            traceback.print_exc()
        print(json.dumps({'error': str(error) or type(error).__name__}))
        return code


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
