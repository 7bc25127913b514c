"""The notes app: a page, a small JSON API and a health endpoint, on the standard library alone."""

import html
import json
import os
import signal
import socket
import sqlite3
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from app import health
from app.database import DATABASE, connect

RELEASE = os.environ.get("RELEASE", "unreleased")
SLOT = os.environ.get("SLOT", "none")
PORT = int(os.environ.get("PORT", "8000"))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One write per response, and no waiting for the other side's acknowledgement before it.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        pages = {
            "/": self.page,
            "/healthz": self.healthz,
            "/api/notes": self.notes,
            "/api/count": self.count,
            "/slow": self.slow,
        }
        self.answer(pages.get(url.path, self.missing), query)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(self.add if urlsplit(self.path).path == "/api/notes" else self.missing, body)

    def answer(self, page, argument):
        with self.server.busy():
            try:
                status, kind, body = page(argument)
            except sqlite3.Error as error:
                status, kind, body = as_json(500, {"error": str(error)})
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Release", RELEASE)
            self.send_header("X-Slot", SLOT)
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

    def page(self, _query):
        rows = database().execute("SELECT text, created_at FROM notes ORDER BY created_at DESC LIMIT 50").fetchall()
        items = "".join(f"<li>{html.escape(text)} <small>{html.escape(at)}</small></li>" for text, at in rows)
        title = f"Notes · {html.escape(RELEASE)} ({html.escape(SLOT)})"
        body = f"<!doctype html><title>{title}</title><h1>{title}</h1><ul>{items}</ul>"
        return 200, "text/html; charset=utf-8", body.encode()

    def healthz(self, _query):
        health.check(database())
        return as_json(200, {"status": "ok", "release": RELEASE, "slot": SLOT})

    def notes(self, query):
        limit = min(int(query.get("limit", "100")), 100_000)
        rows = database().execute("SELECT id, text, created_at FROM notes ORDER BY created_at DESC LIMIT ?", (limit,))
        return as_json(200, [{"id": id_, "text": text, "createdAt": at} for id_, text, at in rows])

    def count(self, _query):
        return as_json(200, {"count": database().execute("SELECT count(*) FROM notes").fetchone()[0]})

    def slow(self, query):
        time.sleep(min(int(query.get("ms", "1000")), 30_000) / 1000)
        return as_json(200, {"slept": True})

    def add(self, body):
        try:
            note = json.loads(body)
            text, id_ = str(note["text"]), str(note.get("id") or uuid.uuid4())
        except (ValueError, KeyError, TypeError, AttributeError):
            return as_json(400, {"error": 'send JSON like {"text": "…"}'})
        # A client that names the id may send the same note again after a lost answer: it is stored once.
        database().execute("INSERT OR IGNORE INTO notes (id, text) VALUES (?, ?)", (id_, text))
        return as_json(201, {"id": id_, "text": text})

    def missing(self, _argument):
        return as_json(404, {"error": "not found"})

    def log_message(self, *_args):
        pass  # the router keeps the access log


def as_json(status, value):
    return status, "application/json", json.dumps(value).encode()


own = threading.local()


def database():
    """This thread's connection."""
    if not hasattr(own, "connection"):
        own.connection = connect()
    return own.connection


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    address_family = socket.AF_INET

    def __init__(self, address):
        super().__init__(address, Handler)
        self._in_flight = 0
        self._changed = threading.Condition()

    def busy(self):
        return InFlight(self)

    def wait_until_idle(self, seconds):
        with self._changed:
            return self._changed.wait_for(lambda: self._in_flight == 0, timeout=seconds)

    def count(self, change):
        with self._changed:
            self._in_flight += change
            self._changed.notify_all()


class InFlight:
    def __init__(self, server):
        self.server = server

    def __enter__(self):
        self.server.count(1)

    def __exit__(self, *_error):
        self.server.count(-1)


def serve(port=PORT):
    server = Server(("0.0.0.0", port))
    # shutdown() waits for the loop that this very thread runs, so another one calls it.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"release {RELEASE} serving on :{port} from {DATABASE}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    finished = server.wait_until_idle(12)
    print("stopped" if finished else "stopped with requests in flight", flush=True)
