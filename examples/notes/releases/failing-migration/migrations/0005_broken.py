def up(connection):
    connection.execute("ALTER TABLE nowhere ADD COLUMN oops INTEGER")
