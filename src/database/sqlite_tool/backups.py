"""Backups of the live database: made, verified, listed, removed.

A backup is `<database>.pre-deploy-<timestamp>`, or `<database>.manual-<timestamp>` where a person asked for it, with a
manifest `<that>.json`. The manifest is there before the backup has its name, so whatever is cut when, there is a whole
backup or none. They lie beside the database or in a directory of their own, and are found in both.
"""

import os
import time
from contextlib import closing
from datetime import datetime, timezone

from sqlite_tool.connections import Deadline, copy_to, open_live, open_still, require_sound, size
from sqlite_tool.errors import CORRUPT, NOT_FOUND, REFUSED, ToolError
from sqlite_tool.files import (
    BACKUP, STAMP, backup_directory, backup_files, backup_path, beside, make_directory_like, publish, read_json, remove,
    require_space, sha256, sync, write_json,
)
from sqlite_tool.fingerprint import fingerprint
from sqlite_tool.progress import size_of, watched

# What is younger may belong to a command that is still running.
LEFTOVER_AFTER_SECONDS = 3600


def backup(args):
    if not os.path.exists(args['database']):
        return {'absent': True}
    make_directory_like(backup_directory(args), os.path.dirname(args['database']))
    path = backup_path(args)
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
            with watched('copy', size(live), size_of(temporary)):
                copy_to(temporary, live, args['database'], Deadline(args['waitSeconds']))
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


def verified(args):
    """Path and manifest of a backup that is byte for byte what was checked when it was made."""
    found = [each for each in backups(args) if each[1]['file'] == args['file']]
    if not found:
        raise ToolError(NOT_FOUND, f'there is no backup {args["file"]} with a manifest')
    path, manifest = found[0]
    if not is_whole(path, manifest):
        raise ToolError(CORRUPT, f'{args["file"]} is not what its manifest says: it was changed or damaged')
    return path, manifest


def verify(args):
    path, manifest = verified(args)
    if args.get('integrity'):
        require_sound(path, 'integrity_check')
    return {'manifest': manifest}


def backups(args, kind=BACKUP):
    """Whole backups of all places, oldest first."""
    found = ((path, manifest_of(path)) for path in backup_files(args, kind))
    return [(path, manifest) for path, manifest in found if manifest]


def list_backups(args):
    return {'manifests': [manifest for _, manifest in backups(args)], 'salvages': salvages(args['database'])}


def salvages(database):
    """What restores have kept aside, oldest first, with what they noted of themselves."""
    found = beside(database, rf'\.failed-{STAMP}(\.earlier-\d+)?')
    return [
        {'file': os.path.basename(path), 'bytes': os.path.getsize(path), 'note': read_json(path + '.json')}
        for path in found
    ]


def prune(args):
    """Keeps the newest backups of deploys and the protected ones. What a person asked for is the person's."""
    of_deploys = backups(args, rf'\.pre-deploy-{STAMP}')
    old = of_deploys[: -args['keep'] or None]
    keep = {*args['protect'], *newest_of(args.get('rollbackTo'), of_deploys)}
    removed = [path for path, manifest in old if manifest['file'] not in keep]
    for path in removed:
        # In this order a cut leaves a manifest without a backup, which is no backup and goes with the next prune.
        remove(path)
        remove(path + '.json')
    for path in leftovers(args):
        remove(path)
    for directory in {os.path.dirname(path) for path in removed}:
        sync(directory)
    return {'removed': [os.path.basename(path) for path in removed]}


def newest_of(release, of_deploys):
    """The database as that release left it last: who rolls back to it may want it."""
    found = [manifest['file'] for _, manifest in of_deploys if manifest['releaseFrom'] == release]
    return found[-1:] if release is not None else []


def leftovers(args):
    """What cut commands left: parts under a temporary name, and manifests without a backup."""
    suffix = r'(\.json|\.source)?\.tmp(-journal|-wal|-shm)?'
    parts = backup_files(args, BACKUP + suffix) + beside(args['database'], rf'\.failed-{STAMP}{suffix}')
    orphans = [path for path in backup_files(args, BACKUP + r'\.json') if not os.path.exists(path[:-5])]
    before = time.time() - LEFTOVER_AFTER_SECONDS
    return [path for path in parts + orphans if os.path.exists(path) and os.path.getmtime(path) < before]
