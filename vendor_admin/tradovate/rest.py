"""Calls of the platform over REST: one request in, one outcome out. No redirect is followed.

One `RestClient` per connection and thread of control; it keeps its TCP connections open. Proxies and CA bundles are
taken from the process environment as requests does; credentials from a .netrc file never are.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec
import requests

from vendor_admin.tradovate.answers import read_answer
from vendor_admin.tradovate.operations.entity_operations import query_of
from vendor_admin.tradovate.operations.operation import Operation
from vendor_admin.tradovate.outcomes import NotSent, Outcome, Unknown
from vendor_admin.tradovate.transport import outcome_of_transport_error

CONNECT_SECONDS = 3.05
READ_SECONDS = 20.0

_READ_TRIES = 2  # a GET whose connection broke is tried once more at once; later tries are the caller's to time

_encoder = msgspec.json.Encoder(decimal_format="number")


class RestClient:
    """Speaks to one host. `base_url` includes the version, as in `https://demo.tradovateapi.com/v1`.

    `timeout` is (seconds to connect, seconds between two reads). Raises ValueError for an address that is none.
    """

    def __init__(
        self,
        *,
        base_url: str,
        timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
        session: requests.Session | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not an http(s) address: {base_url!r}")
        self.base_url = base_url.rstrip("/")
        self._host = parts.hostname
        self._timeout = timeout
        self._session = session or requests.Session()

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
        query = dict(params or {})
        if penalty_ticket is not None and operation.method == "GET":
            query["p-ticket"] = penalty_ticket
        elif penalty_ticket is not None:
            body = {**(body if isinstance(body, Mapping) else {}), "p-ticket": penalty_ticket}
        request = requests.Request(
            operation.method,
            f"{self.base_url}/{operation.path}" + (f"?{query_of(query)}" if query else ""),
            headers={"Accept": "application/json", "Content-Type": "application/json"},
            data=None if body is None else _encoder.encode(body),
            auth=_BearerToken(token),
        )
        outcome: Outcome = Unknown("no try was made")
        for _ in range(_READ_TRIES if operation.method == "GET" else 1):
            outcome, is_worth_another_try = self._send(operation, request)
            if not is_worth_another_try:
                break
        return outcome

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._session.close()

    def _send(self, operation: Operation, request: requests.Request) -> tuple[Outcome, bool]:
        """Send once; the flag says that the transport failed in a way that may be over at once."""
        try:
            prepared = self._session.prepare_request(request)
            settings = self._session.merge_environment_settings(prepared.url or "", {}, None, None, None)
            response = self._session.send(prepared, timeout=self._timeout, allow_redirects=False, **settings)
        except requests.RequestException as error:
            outcome = outcome_of_transport_error(error, host=self._host, timeout=self._timeout)
            return outcome, not isinstance(outcome, NotSent)
        location = response.headers.get("Location", "")
        return read_answer(operation, status=response.status_code, body=response.content, location=location), False


class _BearerToken(requests.auth.AuthBase):
    """Signs a request with the token, or with nothing. Being there at all, it keeps requests away from .netrc."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request
