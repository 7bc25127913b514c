"""What tells whether a release changed the database's shape, whatever rows it wrote."""

import hashlib
import json

# Where the usual migration runners keep what they have applied.
MIGRATION_TABLES = (
    '__diesel_schema_migrations',
    '__drizzle_migrations',
    '__EFMigrationsHistory',
    '_prisma_migrations',
    '_sqlx_migrations',
    'alembic_version',
    'django_migrations',
    'doctrine_migration_versions',
    'flyway_schema_history',
    'goose_db_version',
    'knex_migrations',
    'kysely_migration',
    'migratehistory',
    'migrations',
    'phinxlog',
    'refinery_schema_history',
    'schema_migrations',
    'SequelizeMeta',
)

# SQLite's own tables and Litestream's come and go by themselves.
OWN = r"{name} NOT LIKE 'sqlite\_%' ESCAPE '\' AND {name} NOT LIKE '\_litestream\_%' ESCAPE '\'"


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def fingerprint(connection, migration_table=None):
    return {
        'schema': schema_hash(connection),
        'userVersion': connection.execute('PRAGMA user_version').fetchone()[0],
        'migrations': migrations_hash(connection, migration_table),
    }


def tables(connection, database='main'):
    """The app's tables. Virtual ones are left out: their module may be missing here, and their shadow tables are in."""
    own = OWN.format(name='name')
    return [
        name
        for name, sql in connection.execute(
            f"SELECT name, sql FROM {database}.sqlite_master WHERE type = 'table' AND {own} ORDER BY name"
        )
        if not sql.upper().startswith('CREATE VIRTUAL')
    ]


def schema_hash(connection):
    rows = connection.execute(
        f"""SELECT type, name, tbl_name, sql FROM sqlite_master
            WHERE {OWN.format(name='name')} AND {OWN.format(name='tbl_name')} ORDER BY type, name"""
    )
    # How a statement is wrapped says nothing about the schema.
    return digest([[*row[:3], ' '.join((row[3] or '').split())] for row in rows])


def migrations_hash(connection, migration_table):
    wanted = MIGRATION_TABLES if migration_table is None else (migration_table,)
    found = [table for table in tables(connection) if table in wanted]
    if not found:
        return None
    return digest([[table, sorted(encoded_rows(connection, table))] for table in found])


def encoded_rows(connection, table):
    for row in connection.execute(f'SELECT * FROM {quoted(table)}'):
        yield json.dumps(row, default=bytes.hex)


def row_counts(connection):
    count = 'SELECT count(*) FROM {}'
    return {table: connection.execute(count.format(quoted(table))).fetchone()[0] for table in tables(connection)}


def digest(value):
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
