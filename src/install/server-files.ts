import { signed } from '../hosts/own-file.js';
import { currentLink, environmentPath, stateDirectory, temporalAddress } from './layout.js';

/** `/usr/local/bin/pointsman`: for people on the server, for `ssh-gate` and for the worker's unit. */
export function wrapperText(): string {
  return signed(`#!/bin/sh
# Written by \`pointsman host install\`. Runs the current pointsman with the settings of ${environmentPath};
# a variable that is set already wins. The file is read as data, never run.
if [ -r ${environmentPath} ]; then
  while IFS='=' read -r name value; do
    case $name in '' | *[!A-Za-z0-9_]* | [0-9]*) continue ;; esac
    eval "[ -n \\"\\\${$name+set}\\" ]" || export "$name=$value"
  done <${environmentPath}
fi
exec ${currentLink}/bin/node ${currentLink}/dist/cli/main.js "$@"
`);
}

/** `/etc/pointsman/environment`, as it is made once; from then on it is the server's own. */
export function environmentText(): string {
  return `# Settings of pointsman on this server, one NAME=value a line, without quotes. Made once and never overwritten.
# After a change: systemctl restart pointsman-worker
POINTSMAN_HOME=${stateDirectory}
TEMPORAL_ADDRESS=${temporalAddress}
`;
}
