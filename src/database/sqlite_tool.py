"""pointsman's database tool: runs in a one-shot container with the database's volume mounted.

Standard library only, so any image with Python 3.8 or later will do and the host needs no sqlite3.
One JSON object on standard output at the end; progress as JSON lines on standard error.
"""

import hashlib
import json
import os
import re
import sqlite3
import sys
import time

# Exit codes, read by sqlite-tool.ts.
BUSY, CORRUPT, NO_SPACE, NOT_FOUND = 3, 4, 5, 6

# Tables of the migration runners that people use, for when none is configured.
MIGRATION_TABLES = (
    "schema_migrations", "migrations", "django_migrations", "alembic_version", "knex_migrations",
    "_prisma_migrations", "flyway_schema_history", "__drizzle_migrations", "goose_db_version",
)


class Refused(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def progress(**facts):
    print(json.dumps(facts), file=sys.stderr, flush=True)


def connect(path, immutable=False, timeout=10):
    # immutable: a backup is nobody else's, and without it a file in WAL mode grows -wal and -shm beside it.
    mode = "mode=ro&immutable=1" if immutable else "mode=rw"
    return sqlite3.connect(f"file:{path}?{mode}", uri=True, isolation_level=None, timeout=timeout)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def tables_of(db, schema="main"):
    rows = db.execute(
        f"SELECT name FROM {schema}.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "AND name NOT LIKE '\\_litestream\\_%' ESCAPE '\\' ORDER BY name"
    )
    return [name for (name,) in rows]


def digest(rows):
    sha = hashlib.sha256()
    for row in rows:
        sha.update(repr(tuple(row)).encode())
    return sha.hexdigest()


def fingerprint(db, migration_table):
    """What a migration changes and a write does not. Litestream's own tables come and go with it."""
    schema = db.execute(
        "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "AND tbl_name NOT LIKE '\\_litestream\\_%' ESCAPE '\\' ORDER BY type, name"
    )
    tables = tables_of(db)
    known = [migration_table] if migration_table else MIGRATION_TABLES
    applied = [table for table in known if table in tables]
    rows = (row for table in applied for row in db.execute(f"SELECT * FROM {quoted(table)} ORDER BY 1"))
    return {
        "schema": digest(schema),
        "userVersion": db.execute("PRAGMA user_version").fetchone()[0],
        "migrations": digest(rows) if applied else None,
    }


def check(db, pragma="integrity_check"):
    try:
        answer = db.execute(f"PRAGMA {pragma}").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise Refused(CORRUPT, f"the database cannot be read: {error}") from error
    if answer != "ok":
        raise Refused(CORRUPT, f"{pragma}: {answer}")


def sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path, value):
    beside = path + ".tmp"
    with open(beside, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    sync(os.path.dirname(path))


def read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def sha256_of(path):
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            sha.update(block)
            progress(hashed=file.tell())
    return sha.hexdigest()


def own_as(path, model):
    """Files made here belong to whoever owns the database, so that the app may read and remove them."""
    owner = os.stat(model)
    os.chown(path, owner.st_uid, owner.st_gid)
    os.chmod(path, owner.st_mode & 0o777)


def remove(*paths):
    for path in paths:
        try:
            os.remove(path)
        except FileNotFoundError:
            pass  # what is to be gone is gone


def need_space(path, factor):
    size = sum(os.path.getsize(file) for file in (path, path + "-wal") if os.path.exists(file))
    facts = os.statvfs(os.path.dirname(path))
    free = facts.f_bavail * facts.f_frsize
    if free < size * factor:
        raise Refused(NO_SPACE, f"{free} bytes free, {size * factor} needed ({factor} times the database)")


def command_fingerprint(args):
    if not os.path.exists(args["database"]):
        return {"absent": True}
    db = connect(args["database"])
    check(db, "quick_check")
    return {"absent": False, "fingerprint": fingerprint(db, args["migrationTable"]), "bytes": os.path.getsize(args["database"])}


def command_backup(args):
    """A consistent copy under writers: written beside, verified, then renamed, so a cut one is never taken for one."""
    database, target = args["database"], args["database"] + ".pre-deploy-" + args["timestamp"]
    if not os.path.exists(database):
        return {"absent": True}
    done = read_json(target + ".json")
    if done and os.path.exists(target) and sha256_of(target) == done["sha256"]:
        return {"absent": False, "manifest": done}
    beside = target + ".tmp"
    remove(beside, beside + "-wal", beside + "-shm", beside + "-journal", target, target + ".json")
    need_space(database, 2)
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    source, copy = connect(database), sqlite3.connect(beside, isolation_level=None)
    # One step: with several, every commit of the app would start the copy anew, for ever.
    source.backup(copy, pages=-1)
    # A file of its own without side files, whatever mode the app uses.
    copy.execute("PRAGMA journal_mode = DELETE")
    check(copy)
    mark = fingerprint(copy, args["migrationTable"])
    copy.close()
    own_as(beside, database)
    sync(beside)
    manifest = {
        "file": os.path.basename(target), "deployId": args["deployId"], "releaseFrom": args["releaseFrom"],
        "releaseTo": args["releaseTo"], "startedAt": started, "bytes": os.path.getsize(beside),
        "sha256": sha256_of(beside), "fingerprint": mark,
    }
    os.replace(beside, target)
    sync(os.path.dirname(target))
    # The manifest comes last: a copy without one is not a backup.
    write_json(target + ".json", manifest)
    own_as(target + ".json", database)
    return {"absent": False, "manifest": manifest}


def command_restore(args):
    """Puts a backup's content back in place, as one transaction, and keeps what was there before aside.

    The live slot's connections and Litestream stay attached. The salvage copy is taken while this
    connection holds the write lock, so no write falls between it and the restore.
    """
    database, source_path = args["database"], os.path.join(os.path.dirname(args["database"]), args["file"])
    salvage = database + ".failed-" + args["timestamp"]
    done = read_json(salvage + ".json")
    if done:
        return done
    if not os.path.exists(source_path):
        raise Refused(NOT_FOUND, f"the backup {args['file']} is not in the volume")
    need_space(database, 3)
    source, live = connect(source_path, immutable=True), connect(database, timeout=min(10, args["waitSeconds"]))
    check(source)
    same_page_size(source, live)
    if not already_restored(args, salvage, source, live):
        copy_back(source, live, keep_aside_to(database, salvage), time.time() + args["waitSeconds"])
    check(live, "quick_check")
    report = {"salvage": os.path.basename(salvage), "tables": compare(salvage, source_path)}
    write_json(salvage + ".json", report)
    own_as(salvage + ".json", database)
    return report


def same_page_size(source, live):
    sizes = [db.execute("PRAGMA page_size").fetchone()[0] for db in (source, live)]
    if sizes[0] != sizes[1]:
        raise Refused(CORRUPT, f"page size {sizes[1]} is not the backup's {sizes[0]}: it cannot be restored in place")


def already_restored(args, salvage, source, live):
    """An attempt before this one committed and was cut before its report: to restore again would lose newer writes."""
    if not os.path.exists(salvage):
        return False
    marks = [fingerprint(db, args["migrationTable"]) for db in (source, live, connect(salvage, immutable=True))]
    return marks[0] == marks[1] != marks[2]


def copy_back(source, live, keep_aside, deadline):
    pages = source.execute("PRAGMA page_count").fetchone()[0]
    kept = []

    def after_step(status, remaining, _total):
        if status in (sqlite_busy, sqlite_locked):
            if time.time() > deadline:
                raise Refused(BUSY, "the database stayed locked by another process")
            progress(waiting="the database is locked")
        elif not kept:
            # The write lock is held and nothing is committed yet: no write can fall between this and the restore.
            kept.append(keep_aside())
        progress(remaining=remaining)

    if pages < 2:
        kept.append(keep_aside())  # one step copies all of it: there is no moment between two
    # At least two steps, so that there is such a moment; large ones, because each is reported.
    source.backup(live, pages=max(1, min(pages // 2, 4096)), progress=after_step, sleep=0.2)


sqlite_busy, sqlite_locked = 5, 6


def keep_aside_to(database, salvage):
    def keep_aside():
        beside = salvage + ".tmp"
        remove(beside, beside + "-journal")
        reader = connect(database)
        reader.execute("VACUUM INTO ?", (beside,))
        reader.close()
        own_as(beside, database)
        sync(beside)
        # An earlier attempt's salvage may hold what this one no longer sees, so it is never replaced.
        os.replace(beside, salvage + "-2" if os.path.exists(salvage) else salvage)
        sync(os.path.dirname(salvage))
        return True

    return keep_aside


def compare(salvage, backup):
    """Table by table, in SQL, so that memory stays bounded: what each of the two has that the other has not."""
    db = connect(salvage, immutable=True)
    db.execute("ATTACH ? AS backup", (f"file:{backup}?mode=ro&immutable=1",))
    tables = sorted(set(tables_of(db)) | set(tables_of(db, "backup")))
    reports = [compare_table(db, table) for table in tables]
    return [report for report in reports if report["onlyInSalvage"] or report["onlyInBackup"] or report["changed"]]


def compare_table(db, table):
    here, there = columns(db, "main", table), columns(db, "backup", table)
    if not here or not there:
        total = db.execute(f"SELECT count(*) FROM {'main' if here else 'backup'}.{quoted(table)}").fetchone()[0]
        return row_report(table, total if here else 0, 0 if here else total, 0)
    shared = [name for name in there if name in here]
    key = [name for name in shared if there[name]] or shared
    only_here = count_missing(db, (table, "main", "backup", key))
    only_there = count_missing(db, (table, "backup", "main", key))
    differing = count_missing(db, (table, "main", "backup", shared))
    return row_report(table, only_here, only_there, differing - only_here)


def row_report(table, only_in_salvage, only_in_backup, changed):
    return {"table": table, "onlyInSalvage": only_in_salvage, "onlyInBackup": only_in_backup, "changed": changed}


def columns(db, schema, table):
    """Column names, each with whether it belongs to the primary key."""
    return {name: pk > 0 for _, name, _, _, _, pk in db.execute(f"PRAGMA {schema}.table_info({quoted(table)})")}


def count_missing(db, which):
    table, here, there, names = which
    listed = ", ".join(quoted(name) for name in names)
    rows = f"SELECT {listed} FROM {here}.{quoted(table)} EXCEPT SELECT {listed} FROM {there}.{quoted(table)}"
    return db.execute(f"SELECT count(*) FROM ({rows})").fetchone()[0]


def command_prune(args):
    """Keeps the newest backups, and what is protected; only names that pointsman gives are ever touched."""
    directory, base = os.path.split(args["database"])
    pattern = re.compile(re.escape(base) + r"\.pre-deploy-\d{8}T\d{6}Z")
    names = os.listdir(directory)
    backups = sorted((name for name in names if pattern.fullmatch(name)), reverse=True)
    doomed = [name for name in backups[args["keep"]:] if name not in args["protect"]]
    for name in doomed:
        remove(*(os.path.join(directory, name + end) for end in ("", ".json")))
    cut = [name for name in names if name.endswith(".tmp") and pattern.fullmatch(name[:-4])]
    remove(*(os.path.join(directory, name) for name in cut))
    return {"removed": doomed}


COMMANDS = {
    "fingerprint": command_fingerprint, "backup": command_backup, "restore": command_restore, "prune": command_prune,
}


def main(argv):
    try:
        print(json.dumps(COMMANDS[argv[0]](json.loads(argv[1]))))
        return 0
    except Refused as error:
        print(json.dumps({"error": str(error)}))
        return error.code
    except sqlite3.OperationalError as error:
        print(json.dumps({"error": str(error)}))
        if "locked" in str(error) or "busy" in str(error):
            return BUSY
        return NO_SPACE if "full" in str(error) else CORRUPT
    except sqlite3.DatabaseError as error:
        print(json.dumps({"error": str(error)}))
        return CORRUPT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
