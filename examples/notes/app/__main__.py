"""What a slot runs: migrate the shared database, then serve."""

from app import migrate, server

if __name__ == "__main__":
    applied = migrate.run()
    print(f"migrated: {len(applied)} applied", flush=True)
    server.serve()
