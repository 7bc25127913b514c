"""Connections to the one SQLite file that both slots share."""

import os
import sqlite3

DATABASE = os.environ.get("DATABASE", "/app/data/app.db")


def connect(path=None):
    """A connection of the caller's own: SQLite's are not to be shared between threads.

    isolation_level=None: transactions are begun and ended in SQL, where one can see them. The time-out is longer
    than a restore of this small database holds the write lock.
    """
    connection = sqlite3.connect(path or DATABASE, timeout=10, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection
