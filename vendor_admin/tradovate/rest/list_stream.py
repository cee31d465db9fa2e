"""The answer to one `list` over REST, cut into its entities while it arrives: in bounded memory, whatever its size."""

import time
from collections.abc import Mapping
from threading import Lock

import requests
from urllib3.exceptions import HTTPError

from vendor_admin.tradovate.answers import read_answer
from vendor_admin.tradovate.catalogue.operation import Operation
from vendor_admin.tradovate.events import Malformed
from vendor_admin.tradovate.outcomes import Outcome, Success, Unknown
from vendor_admin.tradovate.rest.client import CONNECT_SECONDS, RestClient
from vendor_admin.tradovate.rest.list_cutter import MOST_BYTES, ListCutter
from vendor_admin.tradovate.rest.transport import Judge, Resolve, any_name, anywhere

IDLE_SECONDS = 30.0
"""How long nothing may come; a list of half a million is some seconds in the making."""
LIST_SECONDS = 600.0
"""How long a list may take in all."""

NO_LIST = "the answer is not a list of entities"

_PIECE_BYTES = 2**17
_WHITE_SPACE = b" \t\r\n"


class ListStream:
    """A list that is asked for with the first `read`. `outcome` is None until its end; Success means all was read.

    An answer that is no list (a penalty ticket, words of refusal) is judged as any other. Calls may come from several
    threads, one after the other.
    """

    def __init__(
        self,
        *,
        base_url: str,
        operation: Operation,
        token: str,
        params: Mapping[str, object] | None = None,
        idle_seconds: float = IDLE_SECONDS,
        list_seconds: float = LIST_SECONDS,
        resolve: Resolve = anywhere,
        judge: Judge = any_name,
    ) -> None:
        self.outcome: Outcome | None = None
        self._client = RestClient(
            base_url=base_url, timeout=(CONNECT_SECONDS, idle_seconds), resolve=resolve, judge=judge
        )
        self._operation, self._token, self._params = operation, token, params
        self._list_seconds, self._ends_at = list_seconds, 0.0
        self._lock = Lock()
        self._response: requests.Response | None = None
        self._head = b""
        self._cutter: ListCutter | None = None

    def read(self) -> list[bytes | Malformed]:
        """The next entities, each in the platform's own JSON; now and then there are none. Blocks, and never raises for
        what the network or the platform does.
        """
        with self._lock:
            if self.outcome is not None:
                return []
            if self._response is None:
                self._ends_at = time.monotonic() + self._list_seconds
            try:
                with self._client.within(max(self._ends_at - time.monotonic(), 0.01)):
                    return self._read()
            except (requests.RequestException, HTTPError, OSError) as error:
                self.outcome = self._broken(error)
                return []

    def close(self) -> None:
        """End the call, also before its end, and a `read` that is under way."""
        self._client.cut()
        with self._lock:
            self.outcome = self.outcome or Unknown("the list was not read to its end")
            if self._response is not None:
                self._response.close()
            self._client.close()

    def _read(self) -> list[bytes | Malformed]:
        if self._response is None:
            answer = self._client.open(self._operation, token=self._token, params=self._params)
            if not isinstance(answer, requests.Response):
                self.outcome = answer
                return []
            self._response = answer
        piece: bytes = self._response.raw.read1(_PIECE_BYTES, decode_content=True) or b""
        if time.monotonic() >= self._ends_at:
            self.outcome = self._too_slow()
            return []
        return self._cut(self._cutter, piece) if self._cutter is not None else self._begin(self._response, piece)

    def _begin(self, response: requests.Response, piece: bytes) -> list[bytes | Malformed]:
        """Find out whether this is a list; anything else is read whole first, and cannot be long."""
        self._head += piece
        status, location = response.status_code, response.headers.get("Location", "")
        if self._head.lstrip(_WHITE_SPACE)[:1] == b"[":
            outcome = read_answer(self._operation, status=status, body=b"[]", location=location)
            if isinstance(outcome, Success):
                self._cutter, head, self._head = ListCutter(), self._head, b""
                return self._cut(self._cutter, head)
        if not piece or len(self._head) > MOST_BYTES:
            body = self._head[:MOST_BYTES]
            secrets = [self._token]
            outcome = read_answer(self._operation, status=status, body=body, location=location, secrets=secrets)
            self.outcome = Unknown(NO_LIST) if isinstance(outcome, Success) else outcome
        return []

    def _cut(self, cutter: ListCutter, piece: bytes) -> list[bytes | Malformed]:
        found = cutter.feed(piece) if piece else cutter.end()
        if cutter.fault:
            self.outcome = Unknown(f"the list cannot be read: {cutter.fault}")
        elif not piece:
            self.outcome = Success([])
        return found

    def _too_slow(self) -> Outcome:
        return Unknown(f"the list did not come to its end within {self._list_seconds:.0f} seconds")

    def _broken(self, error: Exception) -> Outcome:
        if self._response is not None and time.monotonic() >= self._ends_at:
            return self._too_slow()
        if isinstance(error, requests.RequestException):
            return self._client.broken(error)
        return Unknown(f"the list broke off: {type(error).__name__}")
