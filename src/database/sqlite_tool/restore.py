"""Puts a backup back into the live database, in place and without losing a row.

Open connections and Litestream see one transaction. While its write lock is held and nothing is committed, the
database as it stands is copied aside (the salvage): every row that anyone was told is written is in one of the two.

How far it came is noted in `<salvage>.json`, so that a second attempt goes on where the first one was cut:
`salvaged` (about to commit), `committed`, `reported`.
"""

import os
import shutil
import sqlite3
import time
from contextlib import closing

from sqlite_tool.backups import verified
from sqlite_tool.compare import compare
from sqlite_tool.connections import SQLITE_OK, Deadline, copy_to, open_live, open_still, pragma, problems, size
from sqlite_tool.errors import BUSY, CORRUPT, REFUSED, ToolError, exit_code
from sqlite_tool.files import publish, read_json, remove, require_space, salvage_path, write_json
from sqlite_tool.fingerprint import fingerprint
from sqlite_tool.progress import EVERY_SECONDS, bytes_read, say, size_of, watched

# Few enough to stay in the page cache: a first step that spilled would write to a database without a WAL before its
# salvage is taken.
PAGES_PER_STEP = 16


class Restore:
    def __init__(self, args):
        self.args = args
        self.live_path = args['database']
        self.backup_path = None
        self.salvage_path = salvage_path(self.live_path, args['timestamp'])
        self.note_path = self.salvage_path + '.json'
        self.note = read_json(self.note_path) or {}
        self.deadline = Deadline(args['waitSeconds'])

    def run(self):
        if self.note.get('backup', self.args['file']) != self.args['file']:
            name = os.path.basename(self.salvage_path)
            raise ToolError(REFUSED, f'{name} belongs to a restore of {self.note["backup"]}')
        if self.note.get('state') == 'reported':
            return self.note
        self.backup_path, manifest = verified(self.args)
        if not self.committed(manifest):
            self.require_in_place()
            self.put_back()
        self.write_note('committed')
        self.require_restored(manifest)
        self.write_note('reported', **compare(self.salvage_path, self.backup_path))
        return self.note

    def open_live(self):
        return open_live(self.live_path, self.args['waitSeconds'])

    def fingerprint(self, connection):
        return fingerprint(connection, self.args['migrationTable'])

    def write_note(self, state, **facts):
        first = {
            'backup': self.args['file'],
            'salvage': os.path.basename(self.salvage_path),
            'reason': self.args['reason'],
        }
        self.note = {**first, **self.note, 'state': state, **facts}
        write_json(self.note_path, self.note, self.live_path)

    def committed(self, manifest):
        """Whether an attempt before this one has put the backup back: twice would lose what was written since."""
        if self.note.get('state') == 'committed':
            return True
        if not os.path.exists(self.salvage_path):
            return False
        with closing(self.open_live()) as live:
            # The backup API counts the schema version up in the transaction that it commits.
            if pragma(live, 'schema_version') == self.note.get('schemaVersion'):
                return False
            if self.fingerprint(live) == manifest['fingerprint']:
                return True
        # Somebody has changed the schema meanwhile, so what was committed cannot be told: lose neither state.
        os.replace(self.salvage_path, f'{self.salvage_path}.earlier-{time.time_ns()}')
        return False

    def require_in_place(self):
        """The live file must be readable, of the backup's page size, and its disk must have room."""
        with closing(open_still(self.backup_path)) as backup, closing(self.open_live()) as live:
            try:
                same = size(live) == 0 or pragma(live, 'page_size') == pragma(backup, 'page_size')
                # Salvage, WAL, and the copies that Litestream keeps of that WAL.
                needed = 4 * max(size(live), size(backup))
            except sqlite3.DatabaseError as error:
                if exit_code(error) != CORRUPT:
                    raise
                raise ToolError(CORRUPT, f'a restore in place is refused: the live file is unreadable ({error})')
        if not same:
            raise ToolError(REFUSED, "a restore in place is refused: the live file's page size is not the backup's")
        require_space(self.live_path, needed, 'the restore')

    def put_back(self):
        padded = self.salvage_path + '.source.tmp'
        try:
            source = self.source_of_two_pages(padded)
            while not self.attempt(source):
                time.sleep(0.1)
        finally:
            remove(padded)
            remove(self.salvage_path + '.tmp')

    def source_of_two_pages(self, padded):
        """The backup; for an empty database, which is one page, a copy with a free second page.

        The first step must not be the last one, which commits.
        """
        with closing(open_still(self.backup_path)) as backup:
            if pragma(backup, 'page_count') > 1:
                return self.backup_path
        remove(padded)
        shutil.copyfile(self.backup_path, padded)
        with closing(open_live(padded, wait=0)) as copy:
            copy.execute('PRAGMA journal_mode = DELETE')
            # A file that vacuums itself would give the free page back; this mode keeps it.
            if pragma(copy, 'auto_vacuum') == 1:
                copy.execute('PRAGMA auto_vacuum = 2')
            copy.execute('CREATE TABLE pad (x)')
            copy.execute('DROP TABLE pad')
        return padded

    def attempt(self, path):
        """One transaction; `False` when another process was in the way and there is still time."""
        with closing(open_still(path)) as source, closing(self.open_live()) as live:
            uses_wal = pragma(live, 'journal_mode') == 'wal'
            page_size = pragma(source, 'page_size')
            said_at = None

            def on_step(status, remaining, total):
                nonlocal said_at
                self.deadline.check(status)
                if status != SQLITE_OK:
                    return
                if said_at is None:
                    self.take_salvage(uses_wal)
                if said_at is None or time.monotonic() - said_at >= EVERY_SECONDS:
                    said_at = time.monotonic()
                    say('write', bytes=total * page_size, done=(total - remaining) * page_size)

            say('lock')
            try:
                pages = min(PAGES_PER_STEP, pragma(source, 'page_count') - 1)
                source.backup(live, pages=pages, progress=on_step, sleep=0.1)
            except sqlite3.OperationalError as error:
                if exit_code(error) != BUSY or self.deadline.passed():
                    raise
                return False
        say('committed')
        return True

    def take_salvage(self, uses_wal):
        """Copies the live database while this process holds its write lock, so that nobody can commit."""
        temporary = self.salvage_path + '.tmp'
        # With a WAL a reader sees the last commit. Without one the lock keeps readers out, and the file itself is
        # still untouched.
        with closing(self.open_live() if uses_wal else open_still(self.live_path)) as reader:
            with watched('salvage', size(reader), size_of(temporary)):
                copy_to(temporary, reader, self.live_path, self.deadline)
            self.write_note('salvaged', schemaVersion=pragma(reader, 'schema_version'))
        publish(temporary, self.salvage_path)

    def require_restored(self, manifest):
        with closing(self.open_live()) as live:
            with watched('check', size(live), bytes_read()):
                found = problems(live, 'quick_check')
            now = self.fingerprint(live)
        if found:
            raise ToolError(CORRUPT, f'the database is damaged after the restore: {found}')
        if now != manifest['fingerprint']:
            raise ToolError(
                REFUSED,
                'the database was put back, and somebody has changed its schema or migration state again: '
                'stop what migrates it, then try again',
            )
