def up(connection):
    connection.execute(
        """
        CREATE TABLE notes (
            id TEXT PRIMARY KEY,
            text TEXT NOT NULL,
            created_at TEXT NOT NULL DEFAULT (datetime('now'))
        )
        """
    )
    connection.execute("CREATE INDEX notes_by_time ON notes (created_at)")
    connection.execute("CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
    connection.execute("INSERT INTO settings VALUES ('title', 'Notes')")
