/**
 * What runs inside the server's own container, in its shell: `sh -c SCRIPT postgres COMMAND DIRECTORY DATABASE USER …`.
 * Its own pg_dump is never older than the server, and no password has to leave the container.
 *
 * The lock is the kernel's and every child inherits it: what a killed attempt left running ends before the next begins.
 */
export const postgresTool = String.raw`
set -eu
umask 077
trap 'exit 1' TERM
command=$1 dir=$2 database=$3
export PGUSER="$4" PGCONNECT_TIMEOUT=10
# Whatever the role or the database has set for its sessions.
export PGOPTIONS='-c search_path=pg_catalog -c timezone=UTC -c datestyle=ISO -c statement_timeout=0 -c default_transaction_read_only=off'
shift 4
if [ -z "\${PGPASSWORD:-}" ]; then
  PGPASSWORD=\${POSTGRES_PASSWORD:-}
  if [ -z "$PGPASSWORD" ] && [ -n "\${POSTGRES_PASSWORD_FILE:-}" ]; then PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE"); fi
  export PGPASSWORD
fi
die() { echo "$2" >&2; exit "$1"; }
# Its own exit codes say something else than this tool's.
ask() { psql -XqAt -F '	' -v ON_ERROR_STOP=1 -d "$1" || return 1; }
lock() { mkdir -p "$dir"; exec 9>>"$dir/.pointsman.lock"; flock 9; }
# A server that does not answer must never look like a database that is not there.
exists() {
  found=$(echo "SELECT count(*) FROM pg_database WHERE datname = '$1'" | ask postgres) || die 3 'the server did not answer'
  [ "$found" = 1 ]
}
size_of() { echo 'SELECT pg_database_size(current_database())' | ask "$1"; }
free_of() { df -Pk "$1" | awk 'NR == 2 { printf "%.0f", $4 * 1024 }'; }
hash_of() { sum=$(sha256sum "$1"); echo "\${sum%% *}"; }
check_room() {
  free=$(free_of "$1")
  [ "$free" -ge "$2" ] || die 5 "$1 has $free bytes free, and $2 are needed"
}

# Comments name versions, and \restrict has a new key in every dump: neither is schema.
fingerprint_of() {
  pg_dump --schema-only --lock-wait-timeout=60s -d "$1" -f "$dir/.fingerprint.part" || die 1 'pg_dump could not read the schema'
  sed -E -e '/^--/d' -e '/^\\(un)?restrict /d' -e '/^$/d' "$dir/.fingerprint.part" >"$dir/.schema.part"
  migrations=$(migrations_of "$1")
  schema=$(hash_of "$dir/.schema.part")
  printf '{"schema":"%s","userVersion":0,"migrations":%s}' "$schema" "$migrations"
  rm -f "$dir/.fingerprint.part" "$dir/.schema.part"
}

migrations_of() {
  ask "$1" >"$dir/.migrations.part" <<'SQL'
SELECT format('SELECT %L, t::text FROM %I.%I AS t ORDER BY 2', schemaname || '.' || tablename, schemaname, tablename)
FROM pg_tables WHERE tablename IN ('schema_migrations', 'django_migrations', 'alembic_version', 'flyway_schema_history',
  'knex_migrations', '_prisma_migrations', 'goose_db_version', '__drizzle_migrations', 'migrations', 'pgmigrations',
  'kysely_migration', 'SequelizeMeta', '_sqlx_migrations', 'databasechangelog') ORDER BY schemaname, tablename \gexec
SQL
  if [ -s "$dir/.migrations.part" ]; then printf '"%s"' "$(hash_of "$dir/.migrations.part")"; else printf null; fi
  rm -f "$dir/.migrations.part"
}

rows_of() {
  ask "$1" <<'SQL'
SELECT format('SELECT to_json(%L::text), count(*) FROM ONLY %I.%I', n.nspname || '.' || c.relname, n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY n.nspname, c.relname \gexec
SQL
}

# What cut commands left, and nothing that somebody else put there.
sweep() {
  # Of a backup that was cut short between its two last moves: the manifest is there already, and moved into place.
  for part in "$dir/$database".pre-deploy-*.dump.json.part; do
    if [ -f "\${part%.json.part}" ]; then mv "$part" "\${part%.part}"; fi
  done
  rm -f "$dir/$database".pre-deploy-*.part "$dir/$database".manual-*.part "$dir/$database".failed-*.part
}

# Written beside, read back, synced and renamed.
dump() {
  pg_dump -Fc --lock-wait-timeout=60s -d "$1" -f "$2.part" || die 1 'pg_dump failed'
  pg_restore --list "$2.part" >/dev/null || die 4 'pg_restore cannot read what pg_dump wrote'
  sync "$2.part"
}

verify() {
  case $1 in */*) die 7 "$1 is not a file name" ;; esac
  [ -f "$dir/$1" ] && [ -f "$dir/$1.json" ] || die 6 "there is no backup $1 in $dir"
  expected=$(sed -E 's/.*"sha256":"([0-9a-f]*)".*/\1/' "$dir/$1.json")
  actual=$(hash_of "$dir/$1") || die 1 "$1 could not be read"
  [ "$actual" = "$expected" ] || die 4 "$1 is not what was checked when it was made: its sha256 differs"
  pg_restore --list "$dir/$1" >/dev/null || die 4 "pg_restore cannot read $1"
  [ "$2" = list ] || pg_restore -f /dev/null "$dir/$1" || die 4 "pg_restore cannot unpack $1"
}

backup() {
  file=$1
  lock
  exists "$database" || { echo '{"absent":true}'; return; }
  if [ -f "$dir/$file" ] && [ -f "$dir/$file.json" ]; then verify "$file" list; cat "$dir/$file.json"; return; fi
  sweep
  size=$(size_of "$database")
  check_room "$dir" "$size"
  fingerprint=$(fingerprint_of "$database")
  started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  dump "$database" "$dir/$file"
  size=$(wc -c <"$dir/$file.part")
  sum=$(hash_of "$dir/$file.part")
  printf '{"file":"%s",%s,"startedAt":"%s","bytes":%s,"sha256":"%s","fingerprint":%s}\n' "$file" "$2" "$started" \
    "$((size))" "$sum" "$fingerprint" >"$dir/$file.json.part"
  sync "$dir/$file.json.part"
  mv "$dir/$file.part" "$dir/$file"
  mv "$dir/$file.json.part" "$dir/$file.json"
  sync "$dir"
  cat "$dir/$file.json"
}

# Without the lock: they are renamed into place, so each is whole or not there.
kept() {
  for manifest in "$dir/$database".pre-deploy-*.dump.json "$dir/$database".manual-*.dump.json; do
    if [ -f "\${manifest%.json}" ]; then cat "$manifest" 2>/dev/null || true; fi
  done
  for salvage in "$dir/$database".failed-*.dump; do
    if ! [ -f "$salvage" ]; then continue; fi
    note=$(cat "$salvage.json" 2>/dev/null) || note=null
    printf '{"file":"%s","bytes":%s,"note":%s}\n' "\${salvage##*/}" "$(($(wc -c <"$salvage")))" "$note"
  done
}

shape() {
  lock
  exists "$database" || die 6 "there is no database $database"
  fingerprint_of "$database"
}

facts() {
  lock
  exists "$database" || { echo '{"absent":true}'; return; }
  fingerprint=$(fingerprint_of "$database")
  rows_of "$database" >"$dir/.rows.part"
  rows=$(awk -F '	' '{ printf("%s%s:%s", (NR > 1 ? "," : ""), $1, $2) }' "$dir/.rows.part")
  size=$(size_of "$database")
  printf '{"fingerprint":%s,"rows":{%s},"bytes":%s,"freeBytes":%s}\n' "$fingerprint" "$rows" \
    "$size" "$(free_of "$dir")"
}

# What belongs to the database as a whole is in no dump of its content: owner, encoding, grants, settings.
create_like() {
  ask postgres <<SQL
SELECT format('CREATE DATABASE %I TEMPLATE template0 OWNER %I ENCODING %L LC_COLLATE %L LC_CTYPE %L TABLESPACE %I '
    'CONNECTION LIMIT %s', '$2', r.rolname, pg_encoding_to_char(encoding), datcollate, datctype, spcname, datconnlimit)
  || CASE to_jsonb(d) ->> 'datlocprovider'
    WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'))
    WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', to_jsonb(d) ->> 'datlocale')
    WHEN 'c' THEN ' LOCALE_PROVIDER libc' ELSE '' END
  || CASE WHEN to_jsonb(d) ->> 'daticurules' <> '' THEN format(' ICU_RULES %L', to_jsonb(d) ->> 'daticurules') ELSE '' END
FROM pg_database d JOIN pg_roles r ON r.oid = datdba JOIN pg_tablespace t ON t.oid = dattablespace
WHERE datname = '$1' \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', '$2') FROM pg_database
WHERE datname = '$1' AND datacl IS NOT NULL \gexec
SELECT format('GRANT %s ON DATABASE %I TO %s', a.privilege_type, '$2',
  CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
FROM pg_database, aclexplode(datacl) a WHERE datname = '$1' \gexec
SELECT format('ALTER %s SET %I TO %s', CASE WHEN setrole = 0 THEN format('DATABASE %I', '$2')
  ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(setrole), '$2') END, split_part(s, '=', 1),
  CASE WHEN split_part(s, '=', 1) IN ('search_path', 'DateStyle', 'temp_tablespaces', 'local_preload_libraries',
    'session_preload_libraries') THEN substr(s, strpos(s, '=') + 1) ELSE quote_literal(substr(s, strpos(s, '=') + 1)) END)
FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase, unnest(setconfig) s WHERE datname = '$1' \gexec
SQL
}

# Both names change in one transaction. Connections are ended first; one that slips in between makes it fail, and it is
# tried again: nobody is locked out by an attempt that is killed.
swap() {
  for attempt in $(seq "$4"); do
    if ask postgres >"$dir/.swap.part" 2>&1 <<SQL
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ('$1', '$2') AND pid <> pg_backend_pid();
BEGIN;
ALTER DATABASE "$1" RENAME TO "$3";
ALTER DATABASE "$2" RENAME TO "$1";
COMMIT;
SQL
    then return; fi
    sleep 1
  done
  die 3 "the databases could not be swapped: $(tail -n 1 "$dir/.swap.part")"
}

restore() {
  file=$1 stamp=$2
  new="$database"_restoring_$stamp old="$database"_before_$stamp
  salvage=$database.failed-$stamp.dump
  lock
  tidy "$stamp"
  if [ ! -f "$dir/$salvage.json" ]; then
    if ! exists "$old"; then prepare; swap "$database" "$new" "$old" "$3"; fi
    rows_of "$old" >"$dir/$salvage.rows.part"
    put_aside "$old" "$salvage"
    write_report
  fi
  drop "$old"
  rm -f "$dir/$salvage.restored"
  sweep
  cat "$dir/$salvage.json"
}

put_aside() {
  dump "$1" "$dir/$2"
  mv "$dir/$2.part" "$dir/$2"
  sync "$dir"
}

drop() { echo "DROP DATABASE IF EXISTS \"$1\" WITH (FORCE)" | ask postgres; }

# What a run left that nobody repeats: what it had not put in place goes, what it had replaced is put aside first.
tidy() {
  found=$(echo "SELECT datname FROM pg_database WHERE datname ~ '^\${database}_(restoring|before)_[0-9TZ]+\$'" | ask postgres)
  for name in $found; do
    left=\${name##*_}
    if [ "$left" = "$1" ]; then continue; fi
    case $name in
      "$database"_before_*) [ -f "$dir/$database.failed-$left.dump" ] || put_aside "$name" "$database.failed-$left.dump" ;;
    esac
    drop "$name"
    rm -f "$dir/$database.failed-$left.dump.restored"
  done
}

prepare() {
  exists "$database" || die 6 "there is no database $database to put it in the place of"
  verify "$file" list
  bound=$(ask postgres <<SQL
SELECT (SELECT count(*) FROM pg_replication_slots WHERE database = '$database')
  + (SELECT count(subdbid) FROM pg_subscription JOIN pg_database d ON d.oid = subdbid WHERE datname = '$database')
SQL
  )
  [ "$bound" = 0 ] || die 7 "$database has logical replication slots or subscriptions, which another database cannot take over: drop them first"
  size=$(size_of "$database")
  data=$(echo 'SHOW data_directory' | ask postgres 2>/dev/null) || data=\${PGDATA:-$dir}
  check_room "$data" "$size"
  check_room "$dir" "$size"
  drop "$new"
  create_like "$database" "$new"
  pg_restore --exit-on-error -d "$new" "$dir/$file" || die 1 'pg_restore failed; the database is as it was'
  expected=$(sed -E 's/.*"migrations":(null|"[0-9a-f]*").*/\1/' "$dir/$file.json")
  [ "$(migrations_of "$new")" = "$expected" ] || die 4 "what came out of $file has another migration state than it should; the database is as it was"
  rows_of "$new" >"$dir/$salvage.restored"
  sync "$dir/$salvage.restored"
}

write_report() {
  tables=$(awk -F '	' '
    NR == FNR { restored[$1] = $2; next }
    { before[$1] = $2 }
    END {
      for (t in before) all[t]; for (t in restored) all[t]
      for (t in all) {
        more = before[t] - restored[t]
        if (more != 0) printf("%s{\"table\":%s,\"onlyInSalvage\":%d,\"onlyInBackup\":%d,\"changed\":0}", (n++ ? "," : ""), t,
          (more > 0 ? more : 0), (more < 0 ? -more : 0))
      }
    }' "$dir/$salvage.restored" "$dir/$salvage.rows.part")
  printf '{"salvage":"%s","backup":"%s","state":"reported","reason":"asked for","tables":[%s],"notCompared":[]}\n' \
    "$salvage" "$file" "$tables" >"$dir/$salvage.json.part"
  sync "$dir/$salvage.json.part"
  mv "$dir/$salvage.json.part" "$dir/$salvage.json"
}

prune() {
  lock
  keep=$1 taken=$2
  shift 2
  sweep
  if exists "$database"; then tidy none >&2; fi
  kept=0
  for path in $(ls -r "$dir" | grep -E "^$database\.pre-deploy-[0-9TZ]+\.dump$"); do
    # Without a manifest it is none of pointsman's.
    [ -f "$dir/$path.json" ] || continue
    kept=$((kept + 1))
    case " $* " in *" $path "*) continue ;; esac
    if [ -n "$taken" ] && grep -qsF "$taken" "$dir/$path.json"; then taken=; continue; fi
    [ "$kept" -gt "$keep" ] || continue
    rm -f "$dir/$path.json" "$dir/$path"
    echo "$path"
  done
}

case $command in
  verify) verify "$@"; cat "$dir/$1.json" ;;
  *) "$command" "$@" ;;
esac
`.replaceAll('\\$', '$');
