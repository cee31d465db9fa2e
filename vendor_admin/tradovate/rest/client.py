"""Calls of the platform over REST: one request in, one outcome out. No redirect is followed.

One `RestClient` per connection and thread of control; it keeps its TCP connections open. Proxies and CA bundles are
taken from the process environment as requests does; credentials from a .netrc file never are.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

import requests

from vendor_admin.tradovate.answers import read_answer
from vendor_admin.tradovate.catalogue.entity_operations import query_of
from vendor_admin.tradovate.catalogue.json_bodies import encode_body
from vendor_admin.tradovate.catalogue.operation import Operation
from vendor_admin.tradovate.masking import secrets_in
from vendor_admin.tradovate.outcomes import NotSent, Outcome, Unknown
from vendor_admin.tradovate.rest.bounded_calls import CuttingAdapter
from vendor_admin.tradovate.rest.transport import Judge, Resolve, any_name, anywhere, outcome_of_transport_error

CONNECT_SECONDS = 3.05
READ_SECONDS = 20.0
TOTAL_SECONDS = 45.0
"""How long a call may take in all: less than any claim, and any draw, that waits for its end."""
MOST_BYTES = 64 * 2**20
"""No list is longer: those that may be are read by a ListStream."""
MOST_BYTES_OF_OTHERS = 2**20
"""No answer that is not a list is longer."""

_PIECE_BYTES = 2**16
_READ_TRIES = 2  # a GET whose connection broke is tried once more at once; later tries are the caller's to time


class RestClient:
    """Speaks to one host. `base_url` includes the version, as in `https://demo.tradovateapi.com/v1`.

    `timeout` is (seconds to connect, seconds between two reads). An exchange ends within `total_seconds`, however
    slowly the host goes on talking, and no more than `most_bytes` of an answer are read, unpacked, and no more than
    MOST_BYTES_OF_OTHERS of one that is no list. `resolve` says which addresses the host's calls may go to, `judge`
    whether its name may be given to a proxy. Raises
    ValueError for an address that is none.
    """

    def __init__(
        self,
        *,
        base_url: str,
        timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
        total_seconds: float = TOTAL_SECONDS,
        most_bytes: int = MOST_BYTES,
        session: requests.Session | None = None,
        resolve: Resolve = anywhere,
        judge: Judge = any_name,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not an http(s) address: {base_url!r}")
        self.base_url = base_url.rstrip("/")
        self._host = parts.hostname
        self._timeout = timeout
        self._session = session or requests.Session()
        self._total_seconds, self._most_bytes = total_seconds, most_bytes
        self._cutting = CuttingAdapter(resolve=resolve, judge=judge)
        self._session.mount("http://", self._cutting)
        self._session.mount("https://", self._cutting)

    def __repr__(self) -> str:
        return f"<RestClient {self.base_url}>"

    def call(
        self,
        operation: Operation,
        *,
        token: str | None = None,
        params: Mapping[str, object] | None = None,
        body: object = None,
        penalty_ticket: str | None = None,
    ) -> Outcome:
        """Make one call and say what it came to. Never raises for what the network or the platform does.

        `params` go into the address (lists comma separated), `body` is sent as JSON. With `penalty_ticket` the same
        request is sent again after a Penalized outcome: the ticket joins the body, or the address of a GET.
        """
        request = self._request(operation, token=token, params=params, body=body, penalty_ticket=penalty_ticket)
        secrets = [*secrets_in(body), *(one for one in (token, penalty_ticket) if one)]
        outcome: Outcome = Unknown("no try was made")
        for _ in range(_READ_TRIES if operation.method == "GET" else 1):
            outcome, is_worth_another_try = self._send(operation, request, secrets)
            if not is_worth_another_try:
                break
        return outcome

    def open(
        self, operation: Operation, *, token: str, params: Mapping[str, object] | None = None
    ) -> requests.Response | NotSent | Unknown:
        """Send one call once, and give its answer before its body is read: who reads it closes it."""
        try:
            with self._cutting.within(self._total_seconds):
                return self._sent(self._request(operation, token=token, params=params))
        except requests.RequestException as error:
            return self.broken(error)

    def broken(self, error: requests.RequestException) -> NotSent | Unknown:
        """What it means that a request, or the reading of its answer, ended so."""
        return outcome_of_transport_error(error, host=self._host, timeout=self._timeout)

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """End what is still under way after so many seconds."""
        return self._cutting.within(seconds)

    def cut(self) -> None:
        """End the call that is under way in another thread."""
        self._cutting.cut()

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._session.close()

    def _request(
        self,
        operation: Operation,
        *,
        token: str | None,
        params: Mapping[str, object] | None,
        body: object = None,
        penalty_ticket: str | None = None,
    ) -> requests.Request:
        query = dict(params or {})
        if penalty_ticket is not None and operation.method == "GET":
            query["p-ticket"] = penalty_ticket
        elif penalty_ticket is not None:
            body = {**(body if isinstance(body, Mapping) else {}), "p-ticket": penalty_ticket}
        return requests.Request(
            operation.method,
            f"{self.base_url}/{operation.path}" + (f"?{query_of(query)}" if query else ""),
            headers={"Accept": "application/json", "Content-Type": "application/json"},
            data=None if body is None else encode_body(body),
            auth=_BearerToken(token),
        )

    def _sent(self, request: requests.Request) -> requests.Response:
        """Send once; the answer's body is still to be read. Raises requests' errors."""
        prepared = self._session.prepare_request(request)
        settings = self._session.merge_environment_settings(prepared.url or "", {}, True, None, None)
        return self._session.send(prepared, timeout=self._timeout, allow_redirects=False, **settings)

    def _send(self, operation: Operation, request: requests.Request, secrets: list[str]) -> tuple[Outcome, bool]:
        """Send once; the flag says that the transport failed in a way that may be over at once."""
        with self._cutting.within(self._total_seconds):
            outcome, is_worth_another_try = self._exchange(operation, request, secrets)
        if self._cutting.has_cut and not isinstance(outcome, NotSent):  # what was cut off may look like an answer
            return Unknown(f"no whole answer from {self._host} within {self._total_seconds:g} s"), False
        return outcome, is_worth_another_try

    def _exchange(self, operation: Operation, request: requests.Request, secrets: list[str]) -> tuple[Outcome, bool]:
        try:
            response = self._sent(request)
            most_bytes = self._most_bytes if operation.gives_list else min(self._most_bytes, MOST_BYTES_OF_OTHERS)
            body = body_of(response, most_bytes=most_bytes)
            if body == b"" and not _tells_its_end(response):
                raise requests.ConnectionError("the answer broke off in its headers")
        except requests.RequestException as error:
            outcome = self.broken(error)
            return outcome, not isinstance(outcome, NotSent)
        if body is None:
            reason = f"{self._host} answered with more than {most_bytes / 2**20:,.0f} MiB, which are not read"
            return Unknown(reason, status=response.status_code), False
        location = response.headers.get("Location", "")
        answer = read_answer(operation, status=response.status_code, body=body, location=location, secrets=secrets)
        return answer, False


def body_of(response: requests.Response, *, most_bytes: int) -> bytes | None:
    """All of an answer that was asked for as a stream, unpacked piece by piece; None where it is too long.

    Raises requests' errors.
    """
    pieces, size = [], 0
    for piece in response.iter_content(_PIECE_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size > most_bytes:
            response.close()
            return None
    return b"".join(pieces)


def _tells_its_end(response: requests.Response) -> bool:
    """Whether an answer says how long it is. Python's parser takes headers that break off for all there are."""
    is_told = "Content-Length" in response.headers or "Transfer-Encoding" in response.headers
    return is_told or response.status_code in (204, 304)


class _BearerToken(requests.auth.AuthBase):
    """Signs a request with the token, or with nothing. Being there at all, it keeps requests away from .netrc."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request
