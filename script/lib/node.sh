# Node's packages and the build of pointsman itself, each only when something changed.
# shellcheck shell=bash

ensure_node_modules() {
  have node || die 'no Node.js: install Node 20 or later'
  local stamp="$root/node_modules/.pointsman-lock"
  cmp -s "$root/package-lock.json" "$stamp" && return
  say 'installing npm packages'
  (cd "$root" && quietly npm-ci npm ci --no-audit --no-fund)
  cp "$root/package-lock.json" "$stamp"
}

ensure_build() {
  local built="$root/dist/workflow-bundle.js"
  if [ -f "$built" ] && [ -z "$(find "$root/src" "$root/package-lock.json" -newer "$built" -print -quit)" ]; then return; fi
  say 'building pointsman'
  (cd "$root" && quietly npm-build npm run build)
}
