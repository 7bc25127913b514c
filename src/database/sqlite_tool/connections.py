"""Ways to open a database: one that others use, and one that nobody writes."""

import os
import sqlite3
import time
from contextlib import closing
from urllib.parse import quote

from sqlite_tool.errors import BUSY, CORRUPT, NOT_FOUND, ToolError
from sqlite_tool.files import create_like, sync
from sqlite_tool.progress import bytes_read, watched

SQLITE_OK = 0
SQLITE_BUSY = 5
SQLITE_LOCKED = 6


def open_live(path, wait):
    """The database that apps and Litestream have open. It is never created here."""
    if not os.path.exists(path):
        raise ToolError(NOT_FOUND, f'there is no database at {path}')
    return sqlite3.connect(f'file:{quote(path)}?mode=rw', uri=True, timeout=wait, isolation_level=None)


def read_only_uri(path):
    return f'file:{quote(path)}?mode=ro'


def still_uri(path):
    # Without `immutable` SQLite would grow -wal and -shm files beside every backup that it looks into.
    return f'file:{quote(path)}?immutable=1'


def open_still(path):
    """A file that nobody writes: a backup or a salvage."""
    return sqlite3.connect(still_uri(path), uri=True, isolation_level=None)


def pragma(connection, name):
    return connection.execute(f'PRAGMA {name}').fetchone()[0]


def size(connection):
    """Bytes of the database with what is still in its WAL."""
    return pragma(connection, 'page_count') * pragma(connection, 'page_size')


class Deadline:
    """Until when to wait for a lock. Python's `backup` would retry for ever."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.end = time.monotonic() + seconds

    def passed(self):
        return time.monotonic() > self.end

    def check(self, status):
        """Called with the result of each step of a backup."""
        if status in (SQLITE_BUSY, SQLITE_LOCKED) and self.passed():
            raise ToolError(BUSY, f'the database was locked by another process for {self.seconds:g} s')


def copy_to(path, source, like, deadline):
    """A page-identical, synced copy of what `source` has committed, as of the start of the copy.

    In a single step: one of many would begin again at every commit of another process, and never end.
    """
    create_like(path, like)
    with closing(open_live(path, wait=0)) as target:
        # Nobody knows the file yet and a part of it is thrown away, so it needs no journal; it is synced as a whole.
        target.execute('PRAGMA journal_mode = OFF')
        target.execute('PRAGMA synchronous = OFF')
        source.backup(target, pages=-1, progress=lambda status, remaining, total: deadline.check(status))
    sync(path)


def problems(connection, check):
    """What `quick_check` or `integrity_check` finds, in one line; `None` when all is well."""
    found = [row[0] for row in connection.execute(f'PRAGMA {check}(5)')]
    return None if found == ['ok'] else '; '.join(found)


def require_sound(path, check):
    with closing(open_still(path)) as connection, watched('check', size(connection), bytes_read()):
        found = problems(connection, check)
    if found:
        raise ToolError(CORRUPT, f'{os.path.basename(path)} is damaged: {found}')
