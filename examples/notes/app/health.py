"""Is this release fit to serve?"""


def check(connection):
    """Reads for real: a database that is gone or unreadable must not count as healthy."""
    connection.execute("SELECT count(*) FROM notes").fetchone()
