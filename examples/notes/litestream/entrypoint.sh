#!/bin/sh
# Restore before replicate, on an empty volume only: never over an existing database. What cannot be restored ends this
# with an error, so that no slot starts on an empty database while the replica cannot be reached.
set -eu
config=/etc/litestream/litestream.yml
database=/app/data/app.db
restored=$database.restoring

rm -f /tmp/restored
# A file without content is no database either: whatever opened the path before the restore left it.
if [ ! -s "$database" ]; then
  if [ -s "$database-wal" ]; then
    echo "$database-wal is there without its database: move it away first, SQLite would take it for the restored one's" >&2
    exit 1
  fi
  rm -f "$restored"*
  litestream restore -if-replica-exists -integrity-check full -config "$config" -o "$restored" "$database"
  # Without a replica there is nothing to restore: a new app.
  if [ -e "$restored" ]; then
    chown 1000:1000 "$restored"
    rm -f "$restored"-wal "$restored"-shm "$database"-wal "$database"-shm
    mv "$restored" "$database"
  fi
fi
touch /tmp/restored
exec litestream replicate -config "$config"
