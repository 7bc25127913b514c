def up(connection):
    # A new column with a default: the release that is still live goes on working while this is already applied.
    connection.execute("ALTER TABLE notes ADD COLUMN author TEXT NOT NULL DEFAULT 'anonymous'")
