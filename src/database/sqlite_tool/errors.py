"""Ways in which the tool can end, as exit codes that its caller tells apart."""

import errno

BUG = 1
# 2 is argparse's: a wrong command line.
BUSY = 3
CORRUPT = 4
NO_SPACE = 5
NOT_FOUND = 6
# Trying again cannot help: a person has to act first.
REFUSED = 7

# SQLite's own words, because `sqlite_errorcode` exists only since Python 3.11.
SQLITE_WORDS = (
    ('is locked', BUSY),
    ('not a database', CORRUPT),
    ('malformed', CORRUPT),
    ('disk is full', NO_SPACE),
)


class ToolError(Exception):
    """An end that was foreseen; the message is for the person who deploys."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def exit_code(error):
    if isinstance(error, ToolError):
        return error.code
    if isinstance(error, OSError):
        return NO_SPACE if error.errno in (errno.ENOSPC, errno.EDQUOT) else BUG
    return next((code for words, code in SQLITE_WORDS if words in str(error)), BUG)
