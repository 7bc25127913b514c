#!/bin/sh
# Restore before replicate, on an empty volume only: never over an existing database. Both flags fail closed when
# the replica cannot be reached, so the app does not start on an empty database by mistake.
set -eu
rm -f /tmp/restored
litestream restore -if-db-not-exists -if-replica-exists -config /etc/litestream/litestream.yml /app/data/app.db
if [ -e /app/data/app.db ]; then chown 1000:1000 /app/data/app.db; fi
touch /tmp/restored
exec litestream replicate -config /etc/litestream/litestream.yml
