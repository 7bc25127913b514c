# Node's packages and the build of pointsman itself, each only when something changed.
# shellcheck shell=bash disable=SC2154 # cache and root are set in common.sh

ensure_node_modules() {
  have node || die 'Node.js 20 or later is needed: install it'
  local major; major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 20 ] || die "Node.js 20 or later is needed: this is $(node --version)"
  local stamp="$root/node_modules/.pointsman-lock"
  cmp -s "$root/package-lock.json" "$stamp" && return
  say 'installing npm packages'
  # Not `npm ci`: it refuses a lock file that lacks the optional packages of other platforms, which not every
  # registry serves. With --no-save the locked versions are installed all the same and the lock file stays as it is.
  (cd "$root" && quietly npm-install npm install --no-save --no-audit --no-fund) || exit
  cp "$root/package-lock.json" "$stamp"
}

ensure_build() {
  local built="$root/dist/workflow-bundle.js"
  if [ -f "$built" ] && [ -z "$(find "$root/src" "$root/package-lock.json" -newer "$built" -print -quit)" ]; then return; fi
  say 'building pointsman'
  (cd "$root" && quietly npm-build npm run build) || exit
}
