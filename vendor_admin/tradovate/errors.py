"""Errors of our own making: a caller asked for something that cannot be asked.

    TradovateError
    ├── InvalidRequest      a request the platform would refuse, with every fault in it
    ├── NoSuchOperation     the platform has no such operation for this entity
    └── RequestNotPossible  this socket cannot carry that request (now, or ever)

What the platform answers is never an exception: over REST it is an outcome, over the socket an event.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class TradovateError(Exception):
    """Base of every error this package raises."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request. `field` is its path on the wire, as in `users[0].name`; empty for the whole.

    `code` is for programs (the list of them is in vendor_admin/errors.py), `text` for people. No fault repeats the
    value it is about: it may be a password.
    """

    field: str
    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.field} {self.text}".lstrip()


class InvalidRequest(TradovateError, ValueError):
    """A request that must not be sent as it is. Nothing went out."""

    def __init__(self, operation: str, faults: Sequence[Fault]) -> None:
        super().__init__(f"{operation} cannot be sent: {'; '.join(map(str, faults))}")
        self.operation = operation
        self.faults = tuple(faults)


class NoSuchOperation(TradovateError):
    """The platform does not offer this operation for this entity type."""

    def __init__(self, entity_type: str, operation: str) -> None:
        super().__init__(f"the platform has no {entity_type}/{operation}")
        self.entity_type = entity_type
        self.operation = operation


class RequestNotPossible(TradovateError):
    """A request that this socket must not send: not authorized, closed, or a second sync request."""
