"""A site of four pages for the web role's worker, and a worker that loses its patience soon."""

import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from vendor_admin.web import worker

PIECE = b"x" * (1024 * 1024)
LONG_ANSWER = 64 * len(PIECE)


class ImpatientWorker(worker.BufferingWorker):
    """A second for a request to arrive or an answer to be read, and two megabytes for all that arrive."""

    def run(self) -> None:
        worker.ARRIVAL_SECONDS, worker.MOST_BYTES_HELD = 1, 2 * 1024 * 1024
        worker.READ_SECONDS = 1
        super().run()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """`/told` is what the server tells the site, `/wait` ends when the file `go` is there, `/long` is a long answer."""
    folder = Path(os.environ["SMALL_SITE"])
    if environ["PATH_INFO"] == "/long":
        start_response("200 OK", [("Content-Type", "text/csv")])
        return _long_answer(folder)
    if environ["PATH_INFO"] == "/wait":
        (folder / "waits").touch()
        while not (folder / "go").exists():
            time.sleep(0.01)
    size = len(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    told = {name: value for name, value in environ.items() if isinstance(value, str)} | {"size": size}
    body = json.dumps(told).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _long_answer(folder: Path) -> Iterator[bytes]:
    """More than the server keeps for a reader; the file `freed` is there once its thread is."""
    try:
        for _ in range(LONG_ANSWER // len(PIECE)):
            yield PIECE
    finally:
        (folder / "freed").touch()
