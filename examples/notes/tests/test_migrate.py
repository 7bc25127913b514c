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
        ):
            with self.assertRaisesRegex(migrate.MigrationError, "m2: .* would break the batch"):
                self.run_with(m1=lambda connection: connection.execute("CREATE TABLE a (x)"), m2=breaking)
            self.assertEqual(self.tables(), set())


if __name__ == "__main__":
    unittest.main()
