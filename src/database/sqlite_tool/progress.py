"""Progress on standard error, one JSON object a line: what is done now, and how many of how many bytes."""

import json
import os
import sys
import threading
from contextlib import contextmanager, suppress

EVERY_SECONDS = 1


def say(step, **facts):
    print(json.dumps({'step': step, **facts}), file=sys.stderr, flush=True)


@contextmanager
def watched(step, total, done):
    """Says at once, and every second from a thread beside the work, how far `step` is: `done()` of `total` bytes.

    SQLite copies and checks in one call that tells nothing meanwhile.
    """
    say(step, bytes=total)
    ended = threading.Event()

    def watch():
        while not ended.wait(EVERY_SECONDS):
            # What is measured may just have gone: that is the end of the work, not a fault in it.
            with suppress(OSError, ValueError):
                say(step, bytes=total, done=min(done(), total))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def size_of(path):
    """A measure of work that writes a file."""
    return lambda: os.path.getsize(path)


def bytes_read():
    """A measure of work that reads a file once: what this process has read since, by the kernel's account."""
    before = read_so_far()
    return lambda: read_so_far() - before


def read_so_far():
    try:
        with open('/proc/self/io', encoding='ascii') as file:
            return int(file.readline().split()[1])
    except OSError:
        # No Linux, or not allowed: then only the time passes.
        return 0
