# What the tests of the CI templates ask: the published schemas, and the linter and test runner that the templates name.
# shellcheck shell=bash disable=SC2154 # cache is set in common.sh

# Counted up when a version below changes, so that a new set is made beside the old one.
python_tools="$cache/python-tools-1"

ensure_python_tools() {
  [ -d "$python_tools/bin" ] && return
  have python3 || apt_install python3
  python3 -c 'import ensurepip' 2>/dev/null || apt_install python3-venv
  say 'installing check-jsonschema, ruff and pytest'
  # The programs of a virtual environment name their own directory, so not it but a link to it gets the final name.
  local made="$python_tools.venv"
  rm -rf "$made"
  quietly python-venv python3 -m venv "$made"
  quietly python-tools "$made/bin/pip" install --quiet --disable-pip-version-check \
    check-jsonschema==0.39.0 ruff==0.17.6 pytest==9.2.0
  ln -sfn "$(basename "$made")" "$python_tools.tmp" && mv -T "$python_tools.tmp" "$python_tools"
}
