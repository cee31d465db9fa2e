"""The platform's lists over REST, as mirrors have them: `python -m benchmarks.scale.list_server STATEMENTS`.

`GET …/cashBalance/list` with the token `name:number` streams what the statement of that type finds for the organization
`name-number`. The statements are JSON, the database is SCALE_DATABASE_URL.
"""

import json
import os
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import psycopg

AT_ONCE = 2_000


class Lists(BaseHTTPRequestHandler):
    """Answers one list, and closes the connection at its end."""

    statements: dict[str, str]

    def do_GET(self) -> None:
        entity_type = self.path.split("?")[0].split("/")[-2]
        slug = self.headers["Authorization"].removeprefix("Bearer ").replace(":", "-")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"[")
        for number, some in enumerate(_entities(self.statements[entity_type], slug=slug)):
            self.wfile.write(b"," * bool(number) + b",".join(some))
        self.wfile.write(b"]")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _entities(statement: str, *, slug: str) -> Iterator[list[bytes]]:
    with psycopg.connect(os.environ["SCALE_DATABASE_URL"]) as connection, connection.cursor("list") as cursor:
        cursor.execute(statement.encode(), [slug])
        while some := cursor.fetchmany(AT_ONCE):
            yield [row[0].encode() for row in some]


def _main() -> None:
    Lists.statements = json.loads(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Lists)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    _main()
