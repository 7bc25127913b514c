# A Debian server as an image, for the tests of `pointsman host`: systemd as its first process, sshd, Docker's command
# line with Compose, and no Node. Built here also where a registry answers: none serves such an image.
# shellcheck shell=bash disable=SC2154 # cache and root are set in common.sh

host_image=pointsman-test-server:bookworm-2

ensure_host_image() { no_registry=1 ensure_image "$host_image" build_host_image; }

build_host_image() {
  # The CLI alone is taken out of the package: the tests use the engine that is there already.
  # shellcheck disable=SC2016 # mmdebstrap's own variable
  bootstrap bookworm systemd,systemd-sysv,dbus,openssh-server,ca-certificates,curl,nftables,iptables "$cache/work/host.tar" \
    --customize-hook='chroot "$1" sh -ec "cd /tmp; apt-get download docker.io; dpkg --fsys-tarfile docker.io*.deb | tar -x -C / ./usr/bin/docker; rm docker.io*.deb"' \
    --customize-hook='chroot "$1" groupadd --system docker'
  mkdir -p "$cache/work/context"
  cp "$(compose_plugin)" "$cache/work/context/docker-compose"
  # What belongs to a machine and not to a container is masked: consoles, and kernel settings that are the host's.
  from_rootfs "$cache/work/host.tar" "$1" <<'END'
COPY docker-compose /usr/libexec/docker/cli-plugins/docker-compose
RUN systemctl set-default multi-user.target && systemctl mask getty.target console-getty.service systemd-sysctl.service \
  systemd-modules-load.service systemd-remount-fs.service systemd-binfmt.service proc-sys-fs-binfmt_misc.automount \
  dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount \
  systemd-random-seed.service systemd-logind.service systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer
RUN truncate -s 0 /etc/machine-id
ENV container=docker
STOPSIGNAL SIGRTMIN+3
CMD ["/sbin/init"]
END
}

compose_plugin() {
  docker info --format '{{range .ClientInfo.Plugins}}{{if eq .Name "compose"}}{{.Path}}{{end}}{{end}}'
}
