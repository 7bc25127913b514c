/**
 * Directories that pointsman makes on a host can be written by their owner only, also where the user's umask (002 with
 * many distributions) would let a group: what lies there decides what runs.
 */
export const directoryMode = 0o755;
