"""What one call of the platform came to.

    Outcome
    ├── Success        the platform did it, or here is what was asked for
    ├── Rejected       the platform read the request and said no
    ├── Penalized      not executed; resend the same body with the ticket after the wait
    ├── Locked         429 or 423: nothing more from this user or address for an hour
    ├── Unauthorized   the token (or its rights) did not do
    ├── WrongHost      a host that does not serve this organization answered: not executed
    ├── Unknown        a write that may or may not have happened; find out by reading (resending.py)
    └── NotSent        certainly not processed

HTTP status 200 alone means nothing (https://partner.ninjatrader.com/overview/core-concepts/error-handling).
No outcome holds the request, so no password or token of ours can leak through one; a body the platform sent
stays out of the repr, since the answer to a login contains a token.
"""

from dataclasses import dataclass, field
from typing import Any

from vendor_admin.tradovate.enums import NotSentKind

Json = Any  # a decoded JSON document: the platform decides its shape


@dataclass(frozen=True, slots=True)
class Success:
    """`body` is the decoded JSON, or None for an empty answer."""

    body: Json = field(repr=False)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Violation:
    """One field the platform did not accept, with its reason."""

    constraint: str
    value: str
    description: str


@dataclass(frozen=True, slots=True)
class ItemError:
    """One refused item of a batch. `position` counts from 0 in `results`; `body` is the item as received."""

    position: int
    error_text: str
    error_code: str | None = None
    body: Json = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The platform answered no, with its own words in `error_text`.

    With `item_errors` the other items of the batch may well have been done: read `body`. `hint` is ours, for a
    person: what the answer usually means when it does not say so.
    """

    error_text: str
    status: int
    error_code: str | None = None
    violations: tuple[Violation, ...] = ()
    item_errors: tuple[ItemError, ...] = ()
    hint: str = ""
    body: Json = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Penalized:
    """Too many calls to one endpoint: not executed. A captcha cannot be answered by a program: wait an hour."""

    ticket: str = field(repr=False)
    wait_seconds: float
    captcha: bool
    body: Json = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Locked:
    """429 (locked for an hour, restarted by each further call) or 423 (the warning just before it)."""

    status: int
    text: str


@dataclass(frozen=True, slots=True)
class Unauthorized:
    """401 (the token, or a right it lacks), 403 (a right), or words of a dead session in answer to a harmless call.

    Only 401 and those words are about the token: 403 is no reason to give it up.
    """

    text: str
    status: int = 401

    @property
    def is_about_token(self) -> bool:
        """Whether the token may be dead, and not just lack a right."""
        return self.status != 403


@dataclass(frozen=True, slots=True)
class WrongHost:
    """A host that does not serve this organization answered, so nothing was executed: learn the hosts, then go there.

    307 and 308 send elsewhere before they do anything, 421 is a host's word that it cannot answer for whom was asked,
    and a 404 without a body comes from hosts that lack the organization's part of the API. That last one is the
    weakest: an endpoint may answer a wrong id so too. `points_to` is where the answer led (`host` or `host:port`),
    for people to see: no token goes there because of it.
    """

    status: int
    points_to: str = ""

    @property
    def text(self) -> str:
        """What happened, for people."""
        led = f" and pointed to {self.points_to}" if self.points_to else ""
        return f"the host answered {self.status}{led}: it does not serve this organization"


@dataclass(frozen=True, slots=True)
class Unknown:
    """The request may have been processed. Never repeat a write blindly after this.

    `suspects_token` says that the answer looks like that of a dead session. It proves nothing: a harmless call tells.
    `status` is that of the answer; None where none came.
    """

    reason: str
    suspects_token: bool = False
    status: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request certainly was not processed; trying again later is harmless."""

    kind: NotSentKind
    reason: str


Outcome = Success | Rejected | Penalized | Locked | Unauthorized | WrongHost | Unknown | NotSent
