# The images that the example and the tests use: pulled where a registry answers, else built here from Debian
# packages under the same names, so that the compose files stay what a user would write.
# shellcheck shell=bash disable=SC2154 # cache and root are set in common.sh

python_image=python:3.11-slim-bookworm
nginx_image=nginx:1.30
litestream_version=0.5.18
litestream_image="litestream/litestream:$litestream_version"
# What is built where that image cannot be pulled: the newest source, whose S3 is the same.
minio_module_version=v0.0.0-20260212201848-7aac2a2c5b7c
minio_image=minio/minio:RELEASE.2025-09-07T16-13-09Z

ensure_images() {
  ensure_image "$python_image" build_python_image
  ensure_image "$nginx_image" build_nginx_image
  ensure_image "$litestream_image" build_litestream_image
  ensure_image "$minio_image" build_minio_image
}

ensure_image() {
  docker image inspect "$1" >/dev/null 2>&1 && return
  local saved; saved="$cache/images/$(tr '/:' '--' <<<"$1").tar"
  if [ -f "$saved" ]; then
    say "loading the image $1"
    quietly docker-load docker load -i "$saved"
  elif ! pull "$1"; then
    say "building the image $1 from Debian packages: no registry answers"
    "$2" "$1"
    docker save "$1" -o "$saved.tmp" && mv "$saved.tmp" "$saved"
  fi
}

# One refusal is enough: a machine that reaches no registry is not asked again in this run.
pull() {
  [ -z "${no_registry:-}" ] || return 1
  timeout 300 docker pull -q "$1" >/dev/null 2>&1 || { no_registry=1; return 1; }
}

# `bootstrap SUITE PACKAGES OUTPUT [OPTION…]`
bootstrap() {
  local uri; uri=$(debian_uri)
  have mmdebstrap || apt_install mmdebstrap
  quietly "bootstrap-$1" mmdebstrap --variant=minbase "--include=$2" --aptopt='Acquire::Check-Valid-Until "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    "${@:4}" "$1" "$3" "deb $uri $1 main"
}

# `from_rootfs TAR IMAGE <<Dockerfile-lines`: an imported file system alone has no STOPSIGNAL or ENTRYPOINT.
from_rootfs() {
  local context="$cache/work/context"
  mkdir -p "$context"
  docker import "$1" pointsman-rootfs:building >/dev/null
  { echo 'FROM pointsman-rootfs:building'; cat; } >"$context/Dockerfile"
  DOCKER_BUILDKIT=0 quietly docker-build docker build -t "$2" "$context"
  docker rmi pointsman-rootfs:building >/dev/null
  rm -rf "$context" "$1"
}

build_python_image() {
  bootstrap bookworm python3,ca-certificates "$cache/work/python.tar"
  from_rootfs "$cache/work/python.tar" "$1" <<'END'
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin PYTHONUNBUFFERED=1
RUN ln -s /usr/bin/python3 /usr/local/bin/python
CMD ["python3"]
END
}

# nginx from Debian's testing suite: stable's is too old for keepalive_min_timeout and `server … resolve`.
build_nginx_image() {
  bootstrap forky nginx-light "$cache/work/nginx.tar"
  mkdir -p "$cache/work/context"
  cat >"$cache/work/context/nginx.conf" <<'END'
user nginx;
worker_processes auto;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;
events { worker_connections 1024; }
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log /var/log/nginx/access.log;
    sendfile on;
    keepalive_timeout 65;
    include /etc/nginx/conf.d/*.conf;
}
END
  cat >"$cache/work/context/default.conf" <<'END'
server {
    listen 80;
    location / { root /usr/share/nginx/html; }
}
END
  from_rootfs "$cache/work/nginx.tar" "$1" <<'END'
COPY nginx.conf /etc/nginx/nginx.conf
COPY default.conf /etc/nginx/conf.d/default.conf
RUN useradd --system --uid 101 --user-group --no-create-home --home-dir /nonexistent --shell /bin/false nginx
RUN ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log
EXPOSE 80
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
END
}

build_litestream_image() {
  local binary="$cache/bin/litestream-$litestream_version"
  [ -x "$binary" ] || go_build "$binary" "github.com/benbjohnson/litestream/cmd/litestream@v$litestream_version"
  mkdir -p "$cache/work/context" && cp "$binary" "$cache/work/context/litestream"
  on_python "$1" <<'END'
COPY litestream /usr/local/bin/litestream
ENTRYPOINT ["/usr/local/bin/litestream"]
CMD []
END
}

# An S3 server for the demo and the tests. Its module cannot be installed by `go install`, so it is built as a dependency.
build_minio_image() {
  local binary="$cache/bin/minio-$minio_module_version" module="$cache/work/minio"
  if [ ! -x "$binary" ]; then
    mkdir -p "$module"
    (cd "$module" && rm -f go.mod go.sum && GOFLAGS=-buildvcs=false quietly minio-module sh -c \
      "go mod init minio && go get github.com/minio/minio@$minio_module_version && go build -o minio github.com/minio/minio")
    mv "$module/minio" "$binary"
  fi
  mkdir -p "$cache/work/context" && cp "$binary" "$cache/work/context/minio"
  on_python "$1" <<'END'
COPY minio /usr/bin/minio
ENTRYPOINT ["/usr/bin/minio"]
CMD []
END
}

# The Python image has a shell and certificates: base enough for one static program.
on_python() {
  { echo "FROM $python_image"; cat; } >"$cache/work/context/Dockerfile"
  DOCKER_BUILDKIT=0 quietly docker-build docker build -t "$1" "$cache/work/context"
  rm -rf "$cache/work/context"
}
