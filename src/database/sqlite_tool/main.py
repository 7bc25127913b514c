"""Commands on a SQLite database that others have open: `main.py <command> <arguments as JSON>`.

Standard output ends with one JSON object, the result or `{"error": …}`; progress goes to standard error as JSON
lines; errors.py lists the exit codes. Runs on Python 3.9 or later with nothing but its standard library.
"""

import json
import traceback
from contextlib import nullcontext

from sqlite_tool.backups import backup, list_backups, prune, verify
from sqlite_tool.connections import open_live, problems, size
from sqlite_tool.drill import examine
from sqlite_tool.errors import BUG, exit_code
from sqlite_tool.files import alone
from sqlite_tool.look import inspect, look
from sqlite_tool.rehearsal import copy_for_rehearsal, judge
from sqlite_tool.replica import copy_elsewhere, prove
from sqlite_tool.restore import Restore


COMMANDS = {
    'fingerprint': inspect,
    'look': look,
    'backup': backup,
    'verify': verify,
    'list': list_backups,
    'restore': lambda args: Restore(args).run(),
    'prune': prune,
    'copy': copy_for_rehearsal,
    'judge': judge,
    'examine': examine,
    'copyElsewhere': copy_elsewhere,
    'prove': prove,
}


# An engine that crashes may lose a container whose work goes on: the next attempt waits for that and finds what it did.
ALONE = ('backup', 'restore', 'prune')


def run(command, args):
    with alone(args['database']) if command in ALONE else nullcontext():
        return COMMANDS[command](args)


def main(argv):
    command, args = argv
    try:
        print(json.dumps(run(command, json.loads(args))))
        return 0
    except Exception as error:  # every end is an exit code and a sentence for the caller
        code = exit_code(error)
        if code == BUG:
            traceback.print_exc()
        print(json.dumps({'error': str(error) or type(error).__name__}))
        return code
