import os
import sqlite3
import tempfile
import types
import unittest

from app import migrate


def package(**modules):
    """A package of migrations made of functions."""
    return [(name, types.SimpleNamespace(up=up)) for name, up in sorted(modules.items())]


class Migrate(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.directory.name, "app.db")
        self.real_modules = migrate.modules

    def tearDown(self):
        migrate.modules = self.real_modules
        self.directory.cleanup()

    def run_with(self, **modules):
        migrate.modules = lambda _package: package(**modules)
        return migrate.run(self.path)

    def tables(self):
        db = sqlite3.connect(self.path)
        return {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def test_the_real_migrations_apply_once(self):
        self.assertEqual(migrate.run(self.path), ["0001_create_notes", "0002_add_author"])
        self.assertEqual(migrate.run(self.path), [])

    def test_a_failing_third_migration_leaves_none_of_the_batch_applied(self):
        def third(connection):
            connection.execute("CREATE TABLE c (x)")
            connection.execute("THIS IS NO SQL")

        with self.assertRaises(sqlite3.OperationalError):
            self.run_with(
                m1=lambda connection: connection.execute("CREATE TABLE a (x)"),
                m2=lambda connection: connection.execute("CREATE TABLE b (x)"),
                m3=third,
            )
        self.assertEqual(self.tables(), set())

    def test_a_migration_that_would_end_the_transaction_is_refused_by_name(self):
        for breaking in (
            lambda connection: connection.commit(),
            lambda connection: connection.executescript("CREATE TABLE b (x);"),
            lambda connection: connection.execute("commit"),
            lambda connection: connection.execute("-- why\n/* not */ COMMIT"),
        ):
            with self.assertRaisesRegex(migrate.MigrationError, "m2: .* would break the batch"):
                self.run_with(m1=lambda connection: connection.execute("CREATE TABLE a (x)"), m2=breaking)
            self.assertEqual(self.tables(), set())

    def test_a_migration_that_fails_after_the_first_two_leaves_data_and_record_as_they_were(self):
        self.run_with(m1=lambda connection: connection.execute("CREATE TABLE a (x)"))
        db = sqlite3.connect(self.path)
        db.execute("INSERT INTO a VALUES ('kept')")
        db.commit()

        def second(connection):
            connection.execute("UPDATE a SET x = 'changed'")
            connection.execute("ALTER TABLE a ADD COLUMN y")
            connection.execute("INSERT INTO nowhere VALUES (1)")

        with self.assertRaises(sqlite3.OperationalError):
            self.run_with(m1=lambda connection: self.fail("it was applied before"), m2=second)
        self.assertEqual(db.execute("SELECT * FROM a").fetchall(), [("kept",)])
        self.assertEqual(db.execute("SELECT name FROM schema_migrations").fetchall(), [("m1",)])

    def test_a_migration_that_leaves_rows_that_refer_to_nothing_is_rolled_back(self):
        def up(connection):
            connection.execute("CREATE TABLE a (id INTEGER PRIMARY KEY)")
            connection.execute("CREATE TABLE b (a REFERENCES a (id))")
            connection.execute("INSERT INTO b VALUES (7)")

        with self.assertRaisesRegex(migrate.MigrationError, "refer to nothing.*'b', 1"):
            self.run_with(m1=up)
        self.assertEqual(self.tables(), set())

    def test_a_savepoint_of_its_own_is_a_migrations_own_affair(self):
        def up(connection):
            connection.execute("CREATE TABLE a (x)")
            connection.execute("SAVEPOINT s")
            connection.execute("CREATE TABLE b (x)")
            connection.execute("ROLLBACK TO s")
            connection.execute("RELEASE s")

        self.run_with(m1=up)
        self.assertEqual(self.tables(), {"a", "schema_migrations"})


if __name__ == "__main__":
    unittest.main()
