"""Backups of the live database beside it: made, verified, listed, removed.

A backup is `<database>.pre-deploy-<timestamp>` with a manifest `<that>.json`. The manifest is there before the
backup has its name, so whatever is cut when, there is a whole backup or none.
"""

import os
import time
from contextlib import closing
from datetime import datetime, timezone

from sqlite_tool.connections import Deadline, copy_to, open_live, open_still, require_sound, size
from sqlite_tool.errors import CORRUPT, NOT_FOUND, REFUSED, ToolError
from sqlite_tool.files import (
    STAMP, backup_path, beside, publish, read_json, remove, require_space, say, sha256, sync, write_json,
)
from sqlite_tool.fingerprint import fingerprint

# What is younger may belong to a command that is still running.
LEFTOVER_AFTER_SECONDS = 3600


def backup(args):
    if not os.path.exists(args['database']):
        return {'absent': True}
    path = backup_path(args['database'], args['timestamp'])
    return {'manifest': earlier_attempt(path, args['deployId']) or make_backup(path, args)}


def earlier_attempt(path, deploy_id):
    """What an attempt before this one has finished."""
    manifest = manifest_of(path)
    if manifest is None:
        return None
    if manifest['deployId'] != deploy_id:
        raise ToolError(REFUSED, f'{os.path.basename(path)} belongs to another deploy: {manifest["deployId"]}')
    return manifest if is_whole(path, manifest) else None


def make_backup(path, args):
    temporary = path + '.tmp'
    started_at = datetime.now(timezone.utc).isoformat(timespec='milliseconds').replace('+00:00', 'Z')
    try:
        with closing(open_live(args['database'], args['waitSeconds'])) as live:
            # Room for the copy, and for what the live slot writes meanwhile.
            require_space(path, size(live) * 5 // 4, 'the backup')
            say('copy', bytes=size(live))
            copy_to(temporary, live, args['database'], Deadline(args['waitSeconds']))
        say('check')
        require_sound(temporary, 'integrity_check')
        manifest = {**describe(path, temporary, args), 'startedAt': started_at}
        write_json(path + '.json', manifest, args['database'])
        publish(temporary, path)
    except BaseException:
        remove(temporary)
        raise
    return manifest


def describe(path, temporary, args):
    with closing(open_still(temporary)) as copy:
        prints = fingerprint(copy, args['migrationTable'])
    say('hash')
    return {
        'file': os.path.basename(path),
        'deployId': args['deployId'],
        'releaseFrom': args['releaseFrom'],
        'releaseTo': args['releaseTo'],
        'bytes': os.path.getsize(temporary),
        'sha256': sha256(temporary),
        'fingerprint': prints,
    }


def manifest_of(path):
    """Manifest of a whole backup; `None` where an attempt was cut, or the file is somebody else's."""
    manifest = read_json(path + '.json')
    ours = manifest is not None and manifest.get('file') == os.path.basename(path)
    return manifest if ours and os.path.exists(path) else None


def is_whole(path, manifest):
    return os.path.getsize(path) == manifest['bytes'] and sha256(path) == manifest['sha256']


def verified(path):
    """Manifest of a backup that is byte for byte what was checked when it was made."""
    manifest = manifest_of(path)
    if manifest is None:
        raise ToolError(NOT_FOUND, f'there is no backup {os.path.basename(path)} with a manifest')
    say('hash')
    if not is_whole(path, manifest):
        raise ToolError(CORRUPT, f'{os.path.basename(path)} is not what its manifest says: it was changed or damaged')
    return manifest


def verify(args):
    return {'manifest': verified(os.path.join(os.path.dirname(args['database']), args['file']))}


def backups(database):
    found = ((path, manifest_of(path)) for path in beside(database, rf'\.pre-deploy-{STAMP}'))
    return [(path, manifest) for path, manifest in found if manifest]


def list_backups(args):
    return {'manifests': [manifest for _, manifest in backups(args['database'])]}


def prune(args):
    """Keeps the newest backups and the protected ones; timestamps sort by time."""
    old = [path for path, _ in backups(args['database'])[: -args['keep'] or None]]
    removed = [path for path in old if os.path.basename(path) not in args['protect']]
    for path in removed:
        # In this order a cut leaves a manifest without a backup, which is no backup and goes with the next prune.
        remove(path)
        remove(path + '.json')
    for path in leftovers(args['database']):
        remove(path)
    if removed:
        sync(os.path.dirname(args['database']))
    return {'removed': [os.path.basename(path) for path in removed]}


def leftovers(database):
    """What cut commands left: parts under a temporary name, and manifests without a backup."""
    parts = beside(database, rf'\.(pre-deploy|failed)-{STAMP}(\.json|\.source)?\.tmp(-journal|-wal|-shm)?')
    orphans = [path for path in beside(database, rf'\.pre-deploy-{STAMP}\.json') if not os.path.exists(path[:-5])]
    before = time.time() - LEFTOVER_AFTER_SECONDS
    return [path for path in parts + orphans if os.path.exists(path) and os.path.getmtime(path) < before]
