"""Cuts a command of the database tool with SIGKILL at each boundary in turn, runs it again, and says what is there.

    python3 cut-sweep.py backup|restore-migrated|restore-rows DIRECTORY

One JSON object a line for each place of the cut. Each run is a process of its own, forked from this one.
"""

import builtins
import json
import os
import shutil
import signal
import sqlite3
import sys
from contextlib import closing

from sqlite_tool import backups, connections, files, main

STAMP = '20260101T000000Z'
BACKUP = f'app.db.pre-deploy-{STAMP}'
REQUEST = {'timestamp': STAMP, 'deployId': 'run', 'releaseFrom': None, 'releaseTo': 'v2'}


def run(command, args, cut_at=None):
    """Exit code of the command, or `None` when it was cut."""
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        if cut_at:
            cut(cut_at)
        os._exit(main.main([command, json.dumps({'migrationTable': None, 'waitSeconds': 5, **args})]))
    status = os.waitpid(child, 0)[1]
    return None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def cut(at):
    """Whatever the tool does to files, each step of a backup, and each line of progress is a boundary."""
    passed = 0

    def counted(function):
        def wrapped(*args, **options):
            nonlocal passed
            passed += 1
            if passed == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **options)

        return wrapped

    for name in ('open', 'fchmod', 'fsync', 'replace', 'unlink'):
        setattr(os, name, counted(getattr(os, name)))
    builtins.print = counted(print)
    connections.Deadline.check = counted(connections.Deadline.check)


def open_database(path):
    return closing(sqlite3.connect(path, isolation_level=None, timeout=5))


def set_up(database):
    with open_database(database) as db:
        db.execute('PRAGMA journal_mode = WAL')
        db.execute('CREATE TABLE schema_migrations (version TEXT PRIMARY KEY)')
        db.execute('CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)')
        db.executemany('INSERT INTO notes (text) VALUES (?)', [('old' + ' ' * 1000,)] * 200)


def write(database, text):
    with open_database(database) as db:
        db.execute('INSERT INTO notes (text) VALUES (?)', (text,))


def texts(path):
    with open_database(path) as db:
        return {row[0].strip() for row in db.execute('SELECT text FROM notes')}


def cut_backup(database, at):
    code = run('backup', {'database': database, **REQUEST}, at)
    found = backups.backups({'database': database})
    whole = all(backups.is_whole(path, manifest) for path, manifest in found)
    again = run('backup', {'database': database, **REQUEST})
    names = sorted(name for name in os.listdir(os.path.dirname(database)) if not name.endswith(('-wal', '-shm')))
    return code, {'foundIsWhole': whole, 'again': again, 'names': names}


def cut_restore(database, at, migrates):
    run('backup', {'database': database, **REQUEST})
    write(database, 'between')
    if migrates:
        with open_database(database) as db:
            db.execute('ALTER TABLE notes ADD COLUMN broken TEXT')
    request = {'database': database, 'file': BACKUP, 'timestamp': STAMP, 'reason': 'test'}
    code = run('restore', request, at)
    # The live slot writes on after the cut.
    write(database, 'after the cut')
    again = run('restore', request)
    write(database, 'after the restore')
    once_more = run('restore', request)
    salvage, live = texts(files.salvage_path(database, STAMP)), texts(database)
    return code, {
        'again': [again, once_more],
        'keptAside': 'between' in salvage,
        'nothingLost': 'after the cut' in salvage | live,
        'live': sorted(live - {'after the cut'}),
        'reported': files.read_json(files.salvage_path(database, STAMP) + '.json')['state'],
        'names': sorted(name for name in os.listdir(os.path.dirname(database)) if name.endswith('.tmp')),
    }


def sweep(command, directory):
    cuts = {
        'backup': cut_backup,
        'restore-migrated': lambda database, at: cut_restore(database, at, migrates=True),
        'restore-rows': lambda database, at: cut_restore(database, at, migrates=False),
    }
    code, at = None, 0
    while code is None:
        at += 1
        place = os.path.join(directory, str(at))
        os.mkdir(place)
        database = os.path.join(place, 'app.db')
        set_up(database)
        code, outcome = cuts[command](database, at)
        print(json.dumps({'at': at, **outcome}), flush=True)
        shutil.rmtree(place)


if __name__ == '__main__':
    sweep(*sys.argv[1:])
