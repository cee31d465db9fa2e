"""What is wrong with a request itself, before anybody looks at what it is about."""

from collections.abc import Iterable
from dataclasses import dataclass

from vendor_admin.errors import Unavailable, VendorAdminError


class InvalidRequest(VendorAdminError):
    """The request cannot be read. `code` is one of the catalogue's (problem_catalogue.py), which has its status."""

    default_code = "bad_request"


@dataclass(frozen=True, slots=True)
class ParameterFault:
    """What is wrong with one query parameter."""

    parameter: str
    code: str
    text: str


class InvalidParameters(InvalidRequest):
    """Query parameters that the address does not take, or not with these values."""

    default_code = "invalid_parameter"

    def __init__(self, faults: Iterable[ParameterFault], *, code: str = "") -> None:
        self.faults = list(faults)
        super().__init__(" ".join(fault.text for fault in self.faults), code=code)

    @classmethod
    def unknown(cls, names: Iterable[str], *, known: Iterable[str]) -> "InvalidParameters":
        """Of names that the address does not know. `known` are those that it takes."""
        taken = ", ".join(sorted(known)) or "none"
        code = "unknown_parameter"
        return cls(
            [ParameterFault(name, code, f"There is no parameter {name!r} here. Known: {taken}.") for name in names],
            code=code,
        )


class TooManyRequests(Unavailable):
    """The key or its organization sent more requests than it may."""

    default_code = "too_many_requests"
