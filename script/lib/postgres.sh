# PostgreSQL for the tests: pulled where a registry answers, else built here from Debian's packages, with an entrypoint
# that takes the same variables as the official image's.
# shellcheck shell=bash disable=SC2154 # cache is set in common.sh

postgres_image=postgres:15

ensure_postgres_image() { ensure_image "$postgres_image" build_postgres_image; }

build_postgres_image() {
  bootstrap bookworm postgresql-15,python3 "$cache/work/postgres.tar"
  mkdir -p "$cache/work/context"
  cat >"$cache/work/context/docker-entrypoint.sh" <<'END'
#!/bin/sh
# POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE; trust on the local socket, a password beyond.
set -eu
data=${PGDATA:-/var/lib/postgresql/data} user=${POSTGRES_USER:-postgres}
[ "$1" = postgres ] || exec "$@"
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$data" /var/run/postgresql && chown -R postgres:postgres "$data" /var/run/postgresql && chmod 700 "$data"
  exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi
if [ ! -s "$data/PG_VERSION" ]; then
  password=${POSTGRES_PASSWORD:-$(cat "${POSTGRES_PASSWORD_FILE:-/dev/null}")}
  [ -n "$password" ] || { echo 'POSTGRES_PASSWORD has no value' >&2; exit 1; }
  printf '%s\n' "$password" >/tmp/password
  initdb -D "$data" -U "$user" --pwfile /tmp/password --auth-local trust --auth-host scram-sha-256 >/dev/null
  rm /tmp/password
  echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
  pg_ctl -D "$data" -o "-c listen_addresses=''" -w start >/dev/null
  if [ "${POSTGRES_DB:-$user}" != postgres ]; then createdb -U "$user" --maintenance-db postgres "${POSTGRES_DB:-$user}"; fi
  pg_ctl -D "$data" -m fast -w stop >/dev/null
fi
exec "$@" -c listen_addresses='*'
END
  chmod +x "$cache/work/context/docker-entrypoint.sh"
  from_rootfs "$cache/work/postgres.tar" "$1" <<'END'
COPY docker-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
RUN rm -rf /var/lib/postgresql/15 /etc/postgresql/15
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 PGDATA=/var/lib/postgresql/data
VOLUME /var/lib/postgresql/data
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
END
}
