#!/usr/bin/env bash
# Blue-green by hand: the steps that pointsman takes, as somebody would write them who has learnt why each of them is there.
#
#     PROJECT=notes IMAGE=notes ROUTER_PORT=5000 ./deploy.sh RELEASE
#
# What it cannot do is go on where it was interrupted. It is what pointsman's wall time is compared with (docs/zero-downtime.md).
set -euo pipefail
release=${1:?"usage: deploy.sh RELEASE"}
project=${PROJECT:?} image=${IMAGE:?}:$release port=${ROUTER_PORT:?}
keep_backups=3 answers_in_a_row=5 health_timeout=60 drain_timeout=30

state=.deploy
mkdir -p "$state"
touch "$state/slots.env"
exec 9>"$state/lock"
flock -n 9 || { echo 'another deploy is running' >&2; exit 1; }

compose() {
  docker compose -p "$project" -f compose.yml -f compose.demo.yml --env-file .env.demo --env-file "$state/slots.env" "$@"
}

# Found by label: a name may be an odd one after an interrupted `up`.
container() {
  docker ps -a -q --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$1" | head -1
}

# Each step says when it began, so that one can see where the time goes.
step() { printf '%s %s\n' "$(date +%s%3N)" "$1"; }

die() { echo "$*" >&2; exit 1; }

in_router() { docker exec -i "$router" "$@"; }

release_of() { curl -fsS -m 5 -o /dev/null -D - "$1/healthz" | tr -d '\r' | awk 'tolower($1) == "x-release:" { print $2 }'; }

workers() { docker top "$router" -o pid,args | awk '/nginx: worker process/ { print $1 }'; }

preflight() {
  step preflight
  docker image inspect "$image" >/dev/null || die "$image is not on this host"
  compose config -q
  # Both were once wrong in CI, and the logs spoke of anything else.
  local name
  for name in LITESTREAM_R2_ENDPOINT LITESTREAM_R2_BUCKET; do
    grep -Eq "^$name=.+" .env.demo || die "$name has no value"
  done
  # A value may be there and wrong: the bucket is listed with those of this release, from where Litestream sends its own requests.
  local litestream
  litestream=$(container litestream)
  [ -z "$litestream" ] || docker exec --env-file .env.demo "$litestream" \
    litestream ltx -config /etc/litestream/litestream.yml /app/data/app.db >/dev/null || die "the replica's bucket does not answer"
}

# The router's own health check fails without a config, so the first `up --wait` could never succeed without this one.
bootstrap() {
  step bootstrap
  router=$(container router)
  if [ -z "$router" ]; then
    compose create router >/dev/null 2>&1
    router=$(container router)
    printf 'server { listen 5000; return 503; }\n' >"$state/default.conf"
    docker cp -q "$state/default.conf" "$router:/etc/nginx/conf.d/default.conf"
  fi
  # Services without a profile, and none of them anew.
  compose up -d --no-deps --no-recreate --wait router litestream s3 >/dev/null 2>&1 || die 'the shared services do not run'
}

slots() {
  live=$(in_router cat /etc/nginx/conf.d/default.conf | sed -nE 's,.*proxy_pass http://(blue|green);.*,app-\1,p')
  case $live in app-blue) next=app-green ;; *) next=app-blue ;; esac
}

tool() { docker run --rm -i --network none -v "${project}_app-data:/data" python:3.11-slim-bookworm python - "$@"; }

backup() {
  step backup
  backup=app.db.pre-deploy-$(date -u +%Y%m%dT%H%M%SZ)
  # One step of the online backup: more of them would begin anew with each write of somebody else.
  tool "$backup" <<'PYTHON'
import hashlib, json, os, sqlite3, sys
os.chdir("/data")
name = sys.argv[1]
if os.path.exists("app.db"):
    live, copy = sqlite3.connect("app.db", timeout=10), sqlite3.connect(name + ".tmp")
    live.backup(copy, pages=-1)
    copy.close()
    check = sqlite3.connect(f"file:{name}.tmp?immutable=1", uri=True).execute("PRAGMA integrity_check").fetchone()[0]
    assert check == "ok", check
    with open(name + ".tmp", "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
        os.fsync(file.fileno())
    owner = os.stat("app.db")
    os.chown(name + ".tmp", owner.st_uid, owner.st_gid)
    os.rename(name + ".tmp", name)
    with open(name + ".json", "w") as file:
        json.dump({"sha256": digest}, file)
    os.chown(name + ".json", owner.st_uid, owner.st_gid)
PYTHON
}

# Also where the script itself is ended: then the new slot must not stay behind.
undo() {
  [ -n "${undoable:-}" ] || return
  set +e
  echo "$release failed: it is undone" >&2
  docker logs --tail 60 "$(container "$next")" >&2
  docker logs --tail 10 "$router" >&2
  docker logs --tail 10 "$(container litestream)" >&2
  # By its name: a profile would take the router and litestream along.
  compose stop "$next" >/dev/null 2>&1
  # In place and under the database's own lock: a file that is moved over it would ruin the replica.
  tool "$backup" <<'PYTHON'
import os, sqlite3, sys
os.chdir("/data")
if os.path.exists(sys.argv[1]):
    kept, live = sqlite3.connect(f"file:{sys.argv[1]}?immutable=1", uri=True), sqlite3.connect("app.db", timeout=30)
    if kept.execute("SELECT sql FROM sqlite_master").fetchall() != live.execute("SELECT sql FROM sqlite_master").fetchall():
        kept.backup(live, pages=-1)
PYTHON
}

start() {
  step start
  local slot=${next#app-} others
  others=$(grep -v "^${slot^^}_" "$state/slots.env" || true)
  printf '%s\n' "$others" "${slot^^}_IMAGE=$image" "${slot^^}_RELEASE=$release" >"$state/slots.env.tmp"
  mv "$state/slots.env.tmp" "$state/slots.env"
  compose up -d --no-deps --wait --wait-timeout "$health_timeout" "$next" >/dev/null 2>&1
  # A wait that ran out was seen to report success.
  [ "$(docker inspect -f '{{.State.Health.Status}}' "$(container "$next")")" = healthy ]
}

probe() {
  step probe
  local address
  address=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$(container "$next")")
  [ "$(release_of "http://$address:8000")" = "$release" ]
}

# Both slots are always there: after a reload nginx keeps the addresses that it has found under an upstream's name, and a name that
# is new to it has none for a moment, in which it answers 502.
write_config() {
  step config
  in_router sh -ec 'cd /etc/nginx/conf.d; cp -p default.conf default.conf.previous; cat >default.conf.tmp; mv default.conf.tmp default.conf' <<END
upstream blue { zone blue 64k; resolver 127.0.0.11 valid=1s ipv6=off; server app-blue:8000 resolve; keepalive 32; }
upstream green { zone green 64k; resolver 127.0.0.11 valid=1s ipv6=off; server app-green:8000 resolve; keepalive 32; }
map \$http_upgrade \$connection_header { default upgrade; '' ''; }
server {
    listen 5000 default_server;
    # A client that keeps its connection gets this long to see that it closes: no resets at a reload.
    keepalive_min_timeout 2s;
    location / {
        proxy_pass http://${next#app-};
        proxy_http_version 1.1;
        proxy_set_header Host \$http_host;
        proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
        proxy_set_header Upgrade \$http_upgrade;
        proxy_set_header Connection \$connection_header;
        proxy_next_upstream off;
        proxy_read_timeout 300s;
    }
}
END
  in_router nginx -t 2>/dev/null || {
    in_router sh -c 'cd /etc/nginx/conf.d && mv default.conf.previous default.conf'
    return 1
  }
}

reload() {
  step reload
  old_workers=$(workers)
  in_router nginx -s reload 2>/dev/null
  local row=0
  for _ in $(seq 200); do
    if [ "$(release_of "http://127.0.0.1:$port" || true)" = "$release" ]; then row=$((row + 1)); else row=0; fi
    [ $row -lt $answers_in_a_row ] || return 0
    [ $row -gt 0 ] || sleep 0.1
  done
  in_router sh -c 'cd /etc/nginx/conf.d && mv default.conf.previous default.conf && nginx -s reload'
  return 1
}

# The old slot has requests in flight for as long as there are workers of before the reload.
drain() {
  step drain
  local end=$((SECONDS + drain_timeout))
  while [ $SECONDS -lt $end ] && grep -qxFf <(echo "$old_workers") <(workers); do sleep 0.2; done
}

stop_old() {
  step stop
  [ -z "$live" ] || compose stop "$live" >/dev/null 2>&1
}

prune() {
  step prune
  docker exec "$(container "$next")" sh -c \
    "cd /app/data && ls -t app.db.pre-deploy-*Z 2>/dev/null | tail -n +$((keep_backups + 1)) | while read -r f; do rm -f \"\$f\" \"\$f.json\"; done"
  docker image ls -q --filter "reference=$IMAGE" | tail -n +10 | xargs -r docker rmi >/dev/null 2>&1 || true
  printf '%s %s %s\n' "$(date -u +%FT%TZ)" "$release" "$next" >>"$state/releases"
}

preflight
bootstrap
slots
backup
trap undo EXIT
undoable=1
start
probe
write_config
reload
undoable=
drain
stop_old
prune
step end
