"""Puts a backup back into the live database, in place and without losing a row.

Open connections and Litestream see one transaction. While its write lock is held and nothing is committed, the
database as it stands is copied aside (the salvage): every row that anyone was told is written is in one of the two.

What was done is noted in `<salvage>.json`, so that a second attempt goes on where the first one was cut:
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
from sqlite_tool.files import publish, read_json, remove, require_space, salvage_path, say, write_json
from sqlite_tool.fingerprint import fingerprint

# Few enough to stay in the page cache: a first step that spills would write to a database without a WAL before its
# salvage is taken.
PAGES_PER_STEP = 16


def restore(args):
    return Restore(args).run()


class Restore:
    def __init__(self, args):
        self.args = args
        self.live = args.database
        self.backup = os.path.join(os.path.dirname(args.database), args.file)
        self.salvage = salvage_path(args.database, args.timestamp)
        self.note_path = self.salvage + '.json'
        self.note = read_json(self.note_path) or {}
        self.deadline = Deadline(args.wait)

    def run(self):
        if self.note.get('backup', self.args.file) != self.args.file:
            raise ToolError(REFUSED, f'{self.salvage} belongs to a restore of {self.note["backup"]}')
        if self.note.get('state') == 'reported':
            return self.note
        manifest = verified(self.backup)
        if not self.committed(manifest):
            self.require_in_place()
            self.put_back()
        self.write_note('committed')
        self.require_restored(manifest)
        self.write_note('reported', **compare(self.salvage, self.backup))
        return self.note

    def write_note(self, state, **facts):
        self.note = {
            **self.note,
            'state': state,
            'backup': self.args.file,
            'salvage': os.path.basename(self.salvage),
            'reason': self.args.reason,
            **facts,
        }
        write_json(self.note_path, self.note, self.live)

    def committed(self, manifest):
        """Whether an attempt before this one has put the backup back."""
        if self.note.get('state') != 'salvaged':
            return self.note.get('state') == 'committed'
        with closing(open_live(self.live, self.args.wait)) as live:
            # The backup API counts the schema version up in the transaction that it commits.
            if pragma(live, 'schema_version') == self.note['schemaVersion']:
                return False
            if fingerprint(live, self.args.migration_table) == manifest['fingerprint']:
                return True
        self.set_salvage_aside()
        return False

    def set_salvage_aside(self):
        """Somebody changed the schema meanwhile, so what was committed cannot be told: lose neither state."""
        if os.path.exists(self.salvage):
            os.replace(self.salvage, f'{self.salvage}.earlier-{time.time_ns()}')

    def require_in_place(self):
        """The live file must be readable, of the backup's page size, and its disk must have room."""
        with closing(open_still(self.backup)) as backup, closing(open_live(self.live, self.args.wait)) as live:
            try:
                same = pragma(live, 'page_size') == pragma(backup, 'page_size') or size(live) == 0
                # Salvage, WAL, and the copies that Litestream keeps of that WAL.
                needed = 4 * max(size(live), size(backup))
            except sqlite3.DatabaseError as error:
                if exit_code(error) != CORRUPT:
                    raise
                raise ToolError(CORRUPT, f'a restore in place is refused: the live file is unreadable ({error})')
        if not same:
            raise ToolError(REFUSED, "a restore in place is refused: the live file's page size is not the backup's")
        require_space(self.live, needed, 'the restore')

    def put_back(self):
        padded = self.salvage + '.source.tmp'
        try:
            source = self.source_of_two_pages(padded)
            while not self.attempt(source):
                time.sleep(0.1)
        finally:
            remove(padded)
            remove(self.salvage + '.tmp')

    def source_of_two_pages(self, padded):
        """The backup; for an empty database of one page a copy with a free second page.

        The first step must not be the last one, which commits.
        """
        with closing(open_still(self.backup)) as backup:
            if pragma(backup, 'page_count') > 1:
                return self.backup
        remove(padded)
        shutil.copyfile(self.backup, padded)
        with closing(open_live(padded, self.args.wait)) as copy:
            vacuums_itself = pragma(copy, 'auto_vacuum') == 1
            copy.execute('PRAGMA journal_mode = DELETE')
            # 2 keeps free pages, and is the one mode that a file with auto_vacuum can be switched to.
            if vacuums_itself:
                copy.execute('PRAGMA auto_vacuum = 2')
            copy.execute('CREATE TABLE pad (x)')
            copy.execute('DROP TABLE pad')
        return padded

    def attempt(self, path):
        """One transaction; `False` when another process was in the way and there is still time."""
        with closing(open_still(path)) as source, closing(open_live(self.live, self.args.wait)) as live:
            uses_wal = pragma(live, 'journal_mode') == 'wal'
            salvaged = []

            def on_step(status, remaining, total):
                self.deadline.check(status)
                if status == SQLITE_OK and not salvaged:
                    salvaged.append(self.take_salvage(uses_wal))
                    say('write', bytes=size(source))

            pages = min(PAGES_PER_STEP, pragma(source, 'page_count') - 1)
            say('lock')
            try:
                source.backup(live, pages=pages, progress=on_step, sleep=0.1)
            except sqlite3.OperationalError as error:
                if exit_code(error) != BUSY or self.deadline.passed():
                    raise
                return False
        say('committed')
        return True

    def take_salvage(self, uses_wal):
        """Copies the live database while this process holds its write lock, so that nobody can commit."""
        # With a WAL this reader sees the last commit. Without one the lock keeps readers out too, and the file
        # itself is still untouched.
        reading = open_live(self.live, self.args.wait) if uses_wal else open_still(self.live)
        with closing(reading) as reader:
            say('salvage', bytes=size(reader))
            copy_to(self.salvage + '.tmp', reader, self.live, self.deadline)
            self.write_note('salvaged', schemaVersion=pragma(reader, 'schema_version'))
        publish(self.salvage + '.tmp', self.salvage)

    def require_restored(self, manifest):
        say('check')
        with closing(open_live(self.live, self.args.wait)) as live:
            found = problems(live, 'quick_check')
            now = fingerprint(live, self.args.migration_table)
        if found:
            raise ToolError(CORRUPT, f'the database is damaged after the restore: {found}')
        if now != manifest['fingerprint']:
            raise ToolError(
                REFUSED,
                'the database was put back, and somebody has changed its schema or migration state again: '
                'stop what migrates it (the new release still running?)',
            )

