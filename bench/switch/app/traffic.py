"""The notes app with what traffic needs besides: a row that costs nothing to read, a large answer, events, a WebSocket.

Like the app's own requests, all of them come to their end after SIGTERM; a stream that has no end is told to go.
"""

import base64
import hashlib
import socket
import struct
import threading
from urllib.parse import parse_qs, urlsplit

from app import migrate, server

CHUNK = b"x" * 65536
GOING_AWAY = 1001
WEBSOCKET_KEY = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10

stopping = threading.Event()


class Handler(server.Handler):
    def do_GET(self):
        url = urlsplit(self.path)
        query = {name: int(values[0]) for name, values in parse_qs(url.query).items() if values[0].isdigit()}
        streams = {"/traffic/large": self.large, "/traffic/events": self.events, "/traffic/echo": self.echo}
        if url.path == "/traffic/newest":
            self.answer(self.newest, query)
        elif url.path in streams:
            with self.server.busy():
                streams[url.path](query)
        else:
            super().do_GET()

    def newest(self, _query):
        row = server.database().execute("SELECT id, text FROM notes ORDER BY rowid DESC LIMIT 1").fetchone()
        return server.as_json(200, {"id": row and row[0], "text": row and row[1]})

    def head(self, status, headers):
        self.send_response(status)
        for name, value in {**headers, "X-Release": server.RELEASE, "X-Slot": server.SLOT}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()

    def large(self, query):
        left = min(query.get("bytes", 1024), 100 * 1024 * 1024)
        self.head(200, {"Content-Type": "application/octet-stream", "Content-Length": str(left)})
        while left > 0:
            left -= self.wfile.write(CHUNK[:left])
        self.wfile.flush()

    def events(self, query):
        count, every = query.get("count", 10), query.get("every", 200) / 1000
        self.close_connection = True
        # nginx would collect events until a buffer is full.
        self.head(200, {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no", "Connection": "close"})
        for number in range(1, count + 1):
            self.event(f"id: {number}\ndata: {number}")
            if stopping.wait(every):
                return self.event("event: bye\ndata: another release takes over")
        self.event("event: end\ndata: that was all")

    def event(self, text):
        self.wfile.write(f"{text}\n\n".encode())
        self.wfile.flush()

    def echo(self, _query):
        self.close_connection = True
        key = self.headers.get("Sec-WebSocket-Key")
        if key is None:
            return self.head(400, {"Content-Length": "0"})
        accepted = base64.b64encode(hashlib.sha1((key + WEBSOCKET_KEY).encode()).digest()).decode()
        self.head(101, {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accepted})
        try:
            Echo(self.connection).run()
        except OSError:
            pass  # the other side is gone


class Echo:
    """One WebSocket: each text comes back, a ping is answered, a close is closed. Messages are short and never split."""

    def __init__(self, connection):
        self.connection = connection
        self.received = b""

    def run(self):
        # No frame comes before the answer to the handshake, so nothing is left in the handler's own buffer.
        self.connection.settimeout(0.2)
        while (frame := self.frame()) is not None:
            kind, payload = frame
            if kind == TEXT:
                self.send(TEXT, payload)
            elif kind == PING:
                self.send(PONG, payload)
            elif kind == CLOSE:
                return self.send(CLOSE, payload)

    def frame(self):
        """The next frame; None when the other side is gone, or when it was told that the app stops and said goodbye."""
        told = False
        while True:
            parsed = self.parsed()
            if parsed is not None:
                return None if told and parsed[0] == CLOSE else parsed
            if stopping.is_set() and not told:
                self.send(CLOSE, struct.pack("!H", GOING_AWAY))
                told = True
            try:
                data = self.connection.recv(4096)
            except socket.timeout:
                continue
            if not data:
                return None
            self.received += data

    def parsed(self):
        if len(self.received) < 6:
            return None
        kind, length = self.received[0] & 15, self.received[1] & 127
        if len(self.received) < 6 + length:
            return None
        mask, masked = self.received[2:6], self.received[6 : 6 + length]
        self.received = self.received[6 + length :]
        return kind, bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked))

    def send(self, kind, payload):
        self.connection.sendall(bytes([128 | kind, len(payload)]) + payload)


class Server(server.Server):
    def shutdown(self):
        stopping.set()
        super().shutdown()


if __name__ == "__main__":
    server.Handler, server.Server = Handler, Server
    print(f"migrated: {len(migrate.run())} applied", flush=True)
    server.serve()
