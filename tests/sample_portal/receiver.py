"""A partner's receiver of webhooks in one file, as its developer would write it: it imports nothing of Vendor Admin.

It knows the signing secret. The library of Standard Webhooks checks each message; the page shows the last ones.

    WEBHOOK_SECRET=whsec_… python receiver.py --port 8071      # the webhook's URL: http://localhost:8071/webhooks

What came is kept in memory: it is a sample.
"""

import argparse
import html
import json
import os
import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

KEPT = 50
LARGEST_BODY = 256 * 1024
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Webhooks received</title><link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark; --quiet: light-dark(#6b655b, #aaa49a); --line: light-dark(#ddd8ce, #45423c); }}
body {{ font: 17px/1.6 system-ui, sans-serif; max-width: 52rem; margin: 6vh auto; padding: 0 1rem;
  color: light-dark(#23201b, #ece8e0); background: light-dark(#fff, #1d1b18); }}
h1 {{ font-size: 1.6rem; }} ol {{ list-style: none; padding: 0; }} small, time {{ color: var(--quiet); }}
li {{ border-top: 1px solid var(--line); padding: .6rem 0; }} code {{ overflow-wrap: anywhere; }}
li p {{ margin: 0; display: flex; flex-wrap: wrap; gap: 0 1rem; }} strong {{ overflow-wrap: anywhere; }}
.verified {{ color: light-dark(#1d6b3a, #7fd19b); }} .refused {{ color: light-dark(#a3201d, #ff9b93); }}
pre {{ margin: .4rem 0; font-size: .8rem; white-space: pre-wrap; overflow-wrap: anywhere; color: var(--quiet); }}
</style></head><body><h1>Webhooks received</h1><main>{body}</main>
<p><small>A sample receiver. It knows the signing secret and nothing else, and forgets everything when it ends.
Messages go to <code>{address}</code>; this page follows by itself.</small></p>
<script>
let shown = "{count}";
async function follow() {{
  try {{
    const count = await (await fetch("/count")).text();
    if (count !== shown && !String(getSelection())) {{
      const page = new DOMParser().parseFromString(await (await fetch("/")).text(), "text/html");
      document.querySelector("main").replaceWith(page.querySelector("main"));
      shown = count;
    }}
  }} catch {{ /* it is not there at the moment: look again */ }}
  setTimeout(follow, 2000);
}}
setTimeout(follow, 2000);
</script></body></html>"""


@dataclass(frozen=True, slots=True)
class Received:
    """One message. `problem` says why it was not believed; empty where it was."""

    at: datetime
    type: str
    message_id: str
    is_resend: bool
    problem: str
    body: str


class Receiver:
    """What came, the newest first."""

    def __init__(self, *, secret: str) -> None:
        self._library = Webhook(secret)
        self._lock = threading.Lock()
        self.last: deque[Received] = deque(maxlen=KEPT)
        self.count = 0

    def take(self, headers: dict[str, str], body: bytes, *, now: datetime) -> Received:
        """Keep a message, believed or not."""
        problem = ""
        try:
            self._library.verify(body, headers, json_parse=False)
        except (WebhookVerificationError, ValueError) as error:
            problem = str(error) or "the signature cannot be read"
        text = body.decode("utf-8", "replace")
        received = Received(
            at=now,
            type=_type_of(text),
            message_id=headers.get("webhook-id", "no webhook-id"),
            is_resend=headers.get("webhook-resend") == "true",
            problem=problem,
            body=text,
        )
        with self._lock:
            self.last.appendleft(received)
            self.count += 1
        return received

    def page(self, *, address: str) -> str:
        """What the page shows."""
        with self._lock:
            last, count = list(self.last), self.count
        lines = "".join(map(_line, last))
        total = f"{count} since the start" + (f", the last {len(last)} of them here." if count > len(last) else ".")
        body = f"<p>{total}</p><ol>{lines}</ol>" if last else "<p>Nothing has come yet.</p>"
        return PAGE.format(body=body, count=count, address=html.escape(address))


def _type_of(text: str) -> str:
    try:
        message: Any = json.loads(text)
        return str(message["type"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return "unreadable"


def _line(received: Received) -> str:
    state = f"<span class='refused'>not verified: {html.escape(received.problem)}</span>"
    if not received.problem:
        state = "<span class='verified'>verified</span>"
    again = "<span>sent again</span>" if received.is_resend else ""
    return (
        f"<li><p><strong>{html.escape(received.type)}</strong>{state}{again}<time>{received.at:%H:%M:%S} UTC</time></p>"
        f"<small><code>{html.escape(received.message_id)}</code></small><pre>{html.escape(received.body)}</pre></li>"
    )


class Handler(BaseHTTPRequestHandler):
    """GET / shows, POST /webhooks takes."""

    receiver: Receiver
    timeout = 20

    def do_GET(self) -> None:
        if self.path == "/":
            self._answer(200, self.receiver.page(address=f"http://localhost:{self._port}/webhooks"), kind="text/html")
        elif self.path == "/count":
            self._answer(200, str(self.receiver.count))
        else:
            self._answer(404, "There is no such page.")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != "/webhooks":
            self._answer(404, "Webhooks go to /webhooks.")
        elif not length.isdecimal() or int(length) > LARGEST_BODY:
            self._answer(413, f"At most {LARGEST_BODY} bytes.")
        else:
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = self.receiver.take(headers, self.rfile.read(int(length)), now=datetime.now(tz=UTC))
            self._answer(400 if received.problem else 204, received.problem)

    @property
    def _port(self) -> int:
        return int(self.connection.getsockname()[1])

    def _answer(self, status: int, text: str, *, kind: str = "text/plain") -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(text.encode())))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"" if status == 204 else text.encode())

    def log_message(self, *args: Any) -> None:
        """No line for each request: the page shows them."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    Handler.receiver = Receiver(secret=os.environ["WEBHOOK_SECRET"])
    with ThreadingHTTPServer(("127.0.0.1", given.port), Handler) as server:
        server.daemon_threads = True
        server.serve_forever()


if __name__ == "__main__":
    main()
