import os
import sys
import traceback


def check(_connection):
    try:
        return os.environ["PAYMENTS_API_KEY"]
    except KeyError:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
