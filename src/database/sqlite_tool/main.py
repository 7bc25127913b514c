"""Commands on a SQLite database that others have open: `main.py <command> <arguments as JSON>`.

Standard output ends with one JSON object, the result or `{"error": …}`; progress goes to standard error as JSON
lines; errors.py lists the exit codes. Runs on Python 3.9 or later with nothing but its standard library.
"""

import json
import traceback

from sqlite_tool.backups import backup, list_backups, prune, verify
from sqlite_tool.errors import BUG, exit_code
from sqlite_tool.look import inspect, look
from sqlite_tool.replica import copy, prove
from sqlite_tool.restore import Restore


COMMANDS = {
    'fingerprint': inspect,
    'look': look,
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
