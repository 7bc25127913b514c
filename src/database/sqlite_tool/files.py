"""File names of backups and salvages, and writes that are whole or not there, whatever is cut when."""

import fcntl
import hashlib
import json
import os
import re
from contextlib import contextmanager, suppress

from sqlite_tool.errors import NO_SPACE, ToolError
from sqlite_tool.progress import watched

STAMP = r'\d{8}T\d{6}Z'
BACKUP = rf'\.(pre-deploy|manual)-{STAMP}'


def backup_directory(args):
    """Where backups are made: a directory of their own, or beside the database."""
    return args.get('backups') or os.path.dirname(args['database'])


def backup_directories(args):
    """Where backups lie: also beside the database, from before they had a directory of their own."""
    return list(dict.fromkeys([os.path.normpath(backup_directory(args)), os.path.dirname(args['database'])]))


def backup_path(args):
    name = os.path.basename(args['database'])
    return os.path.join(backup_directory(args), f'{name}.{args.get("kind", "pre-deploy")}-{args["timestamp"]}')


def salvage_path(database, timestamp):
    return f'{database}.failed-{timestamp}'


def beside(database, pattern, directory=None):
    """Files in a directory (the database's) whose names are the database's name followed by exactly `pattern`."""
    own, name = os.path.split(database)
    exactly = re.compile(re.escape(name) + pattern)
    # Not there yet, or a component of its path is a file.
    with suppress(FileNotFoundError, NotADirectoryError):
        found = [each for each in sorted(os.listdir(directory or own)) if exactly.fullmatch(each)]
        return [os.path.join(directory or own, each) for each in found]
    return []


def backup_files(args, pattern):
    """Files of backups in all of their places, oldest first: their names end with the time, whatever came before."""
    found = [path for directory in backup_directories(args) for path in beside(args['database'], pattern, directory)]
    return sorted(found, key=lambda path: (re.search(STAMP, os.path.basename(path)).group(), path))


def make_directory_like(path, model):
    """A directory, and those above it that are missing, with the owner and mode of `model`."""
    if os.path.isdir(path):
        return
    make_directory_like(os.path.dirname(path), model)
    with suppress(FileExistsError):
        os.mkdir(path, 0o700)
    own, wanted = os.stat(path), os.stat(model)
    if (own.st_uid, own.st_gid) != (wanted.st_uid, wanted.st_gid):
        os.chown(path, wanted.st_uid, wanted.st_gid)
    os.chmod(path, wanted.st_mode & 0o7777)
    sync(os.path.dirname(path))


@contextmanager
def alone(path):
    """Waits until nobody else works beside `path`; the lock is the kernel's, so it ends with whoever holds it."""
    directory = os.path.dirname(path)
    if not os.path.isdir(directory):
        yield
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def remove(path):
    """Removes a file with what SQLite may have left beside it."""
    for suffix in ('', '-journal', '-wal', '-shm'):
        if os.path.lexists(path + suffix):
            os.unlink(path + suffix)


def create_like(path, model):
    """An empty new file with the owner and mode of `model`, so that the app can read what root made."""
    remove(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        own, wanted = os.fstat(descriptor), os.stat(model)
        if (own.st_uid, own.st_gid) != (wanted.st_uid, wanted.st_gid):
            os.fchown(descriptor, wanted.st_uid, wanted.st_gid)
        os.fchmod(descriptor, wanted.st_mode & 0o777)
    finally:
        os.close(descriptor)


def sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish(temporary, path):
    """Gives a whole file its name: from here on it is recognised, also after a power cut."""
    sync(temporary)
    os.replace(temporary, path)
    sync(os.path.dirname(path))


def write_json(path, value, like):
    temporary = path + '.tmp'
    create_like(temporary, like)
    with open(temporary, 'w', encoding='utf-8') as file:
        json.dump(value, file, indent=2)
        file.write('\n')
    publish(temporary, path)


def read_json(path):
    """Content of a JSON file; `None` when there is none, or it is not one of ours."""
    try:
        with open(path, encoding='utf-8') as file:
            value = json.load(file)
    except (FileNotFoundError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def sha256(path):
    digest = hashlib.sha256()
    with open(path, 'rb') as file, watched('hash', os.path.getsize(path), done=file.tell):
        for block in iter(lambda: file.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()


def free_bytes(path):
    found = os.statvfs(os.path.dirname(path))
    return found.f_bavail * found.f_frsize


def require_space(path, needed, purpose):
    free = free_bytes(path)
    if free < needed:
        raise ToolError(NO_SPACE, f'{purpose} needs {needed:,} bytes beside the database, {free:,} are free')
