"""Applies all pending migrations as ONE transaction: either the whole batch is there afterwards, or nothing of it.

A migration is a module in app/migrations named `0001_what_it_does.py` with a function `up(connection)` made of single
execute() calls. commit() and executescript() (which commits by itself) would end the batch's transaction in the middle,
so that a later failure could no longer be rolled back: both are refused, and `pointsman check` finds them before that.

What was applied is recorded in the same transaction as what it did, so the two can never tell different stories.
"""

import importlib
import pkgutil
import re

from app import migrations
from app.database import connect


class MigrationError(Exception):
    pass


# Comments may stand before it. ROLLBACK TO ends only a savepoint, which is a migration's own affair.
ENDS_TRANSACTION = re.compile(
    r"(\s|--[^\n]*\n|/\*.*?\*/)*(BEGIN|COMMIT|END|ROLLBACK(?!(\s+TRANSACTION)?\s+TO\b)|VACUUM)\b",
    re.IGNORECASE | re.DOTALL,
)


class Batch:
    """What a migration gets instead of the connection: all that it may do is execute single statements."""

    def __init__(self, connection, name):
        self._connection = connection
        self._name = name

    def execute(self, statement, parameters=()):
        if ENDS_TRANSACTION.match(statement):
            what = ENDS_TRANSACTION.match(statement)[2].upper()
            raise MigrationError(f"{self._name}: {what} would break the batch's transaction")
        return self._connection.execute(statement, parameters)

    def _refuse(self, what):
        raise MigrationError(f"{self._name}: {what} would break the batch's transaction; use execute()")

    def commit(self):
        self._refuse("commit()")

    def rollback(self):
        self._refuse("rollback()")

    def executescript(self, _script):
        self._refuse("executescript()")


def modules(package=migrations):
    names = sorted(name for _, name, _ in pkgutil.iter_modules(package.__path__) if re.match(r"\d{4}_", name))
    return [(name, importlib.import_module(f"{package.__name__}.{name}")) for name in names]


def run(path=None, package=migrations):
    """Applies what is pending and returns the names of what was applied."""
    connection = connect(path)
    # A table that is rebuilt is dropped for a moment: references to it are checked once, below, before the commit.
    # Inside of a transaction this pragma would do nothing, and not say so.
    connection.execute("PRAGMA foreign_keys = OFF")
    # IMMEDIATE: two slots that start at once take turns instead of both applying the same migration.
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL)"
        )
        done = {name for (name,) in connection.execute("SELECT name FROM schema_migrations")}
        pending = [(name, module) for name, module in modules(package) if name not in done]
        for name, module in pending:
            module.up(Batch(connection, name))
            connection.execute("INSERT INTO schema_migrations VALUES (?, datetime('now'))", (name,))
        broken = connection.execute("PRAGMA foreign_key_check").fetchall() if pending else []
        if broken:
            raise MigrationError(f"rows that refer to nothing, as table and rowid: {[row[:2] for row in broken[:10]]}")
        connection.execute("COMMIT")
        return [name for name, _ in pending]
    except BaseException:
        # A full disk, say, has rolled back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    finally:
        connection.close()


if __name__ == "__main__":
    # What pointsman runs on a copy of the database before a deploy touches anything (database.migrate).
    for applied in run():
        print(f"applied {applied}", flush=True)
