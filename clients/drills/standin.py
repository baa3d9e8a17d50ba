#!/usr/bin/env python3
"""Stands in for a node where the faults themselves are under test: answers over HTTP, and syncs a file.

    standin.py serve --config node-1/plimsoll.toml --json

Like a real one it ends when a write or a sync of its data fails.
"""

import http.server
import json
import os
import sys
import time
import tomllib
from pathlib import Path


def main():
    config = Path(sys.argv[sys.argv.index("--config") + 1])
    told = tomllib.loads(config.read_text())
    host, port = told["listen"].rsplit(":", 1)
    data = config.parent / told["data"]
    file = os.open(data / "log", os.O_CREAT | os.O_RDWR | os.O_APPEND)

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            try:
                os.write(file, b"x" * 4096)
                os.fdatasync(file)
            except OSError as error:
                print(f"the journal takes nothing more: {error}", flush=True)
                os._exit(1)
            row = {"currency": "BTC", "role": told["role"], "term": 1, "applied_seq": 1, "now": time.time()}
            body = json.dumps({"result": {"domains": [row]}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    http.server.ThreadingHTTPServer((host, int(port)), Answer).serve_forever()


if __name__ == "__main__":
    main()
