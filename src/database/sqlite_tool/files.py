"""File names beside the database, and writes that are whole or not there, whatever is cut when."""

import hashlib
import json
import os
import re
import sys

from sqlite_tool.errors import NO_SPACE, ToolError

STAMP = r'\d{8}T\d{6}Z'


def backup_path(database, timestamp):
    return f'{database}.pre-deploy-{timestamp}'


def salvage_path(database, timestamp):
    return f'{database}.failed-{timestamp}'


def beside(database, pattern):
    """Files in the database's directory whose names are the database's name followed by exactly `pattern`."""
    directory, name = os.path.split(database)
    if not os.path.isdir(directory):
        return []
    exactly = re.compile(re.escape(name) + pattern)
    return [os.path.join(directory, found) for found in sorted(os.listdir(directory)) if exactly.fullmatch(found)]


def say(step, **facts):
    """Progress, one JSON object a line."""
    print(json.dumps({'step': step, **facts}), file=sys.stderr, flush=True)


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
    with open(path, 'rb') as file:
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
