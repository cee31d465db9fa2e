"""Errors of the service: one tree, for forms, commands and the API alike. Pure: no Django.

    VendorAdminError            what was asked for is not done; the text says why and what to do
    ├── InvalidFields           what was given cannot be stored: one Fault for each thing that is wrong
    ├── Refused                 a rule does not let this person or program do it
    │   └── NotAllowed          they lack a right
    ├── NotFound                there is no such thing, or not for them
    ├── Gone                    it was there, and is not kept any more
    ├── Conflict                it does not fit how things stand now: somebody was faster, or it is over
    └── Unavailable             it cannot be done at this moment; trying again later can help

Whoever decides looks at the class, at `code` or at another fact on the error, never at the text. Leaves with facts of
their own stand beside the verbs that raise them. The admin turns the tree into form errors
(vendor_admin/listing/admin_base.py), the partner API into problem bodies (vendor_admin/partner_api/problems.py).

Three kinds are not part of it. The platform client (vendor_admin/tradovate), the sandbox and the embedded services are
libraries with trees of their own. What reads one value raises a ValueError, and whoever knows the field makes a Fault
of it. What one module of a package tells another, and nobody else catches, is a plain Exception.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

INVALID: Final = "invalid"
FAULT_CODES: Final = {
    "ambiguous": "names several things",
    "external_id_taken": "belongs to something else already",
    "in_the_past": "is a time that is over",
    "invalid": "is wrong in a way that has no code of its own; the text says it",
    "invalid_cursor": "is no cursor of this list",
    "needs_another": "has no meaning without another field",
    "needs_another_parameter": "has no meaning without another parameter",
    "not_a_sandbox": "names an organization that is no sandbox",
    "not_a_number": "is no number, or not written in plain digits",
    "not_found": "names nothing that there is",
    "not_unique": "occurs more than once",
    "out_of_range": "is too small, too large, too early or too late",
    "repeated": "is a parameter that was given more than once",
    "required": "is missing or empty",
    "too_few": "is a list that is too short",
    "too_long": "is a text that is too long",
    "too_many": "is a list that is too long",
    "too_short": "is a text that is too short",
    "unchanged": "must differ from what it is now",
    "unknown": "names nothing that is known here",
    "unknown_event_type": "names no type of events",
    "unknown_field": "is no field of this request",
    "unknown_parameter": "is no parameter of this address",
    "unknown_value": "is none of the values that are allowed",
    "unprintable": "holds line breaks or other control characters",
    "unreadable": "is a file that cannot be read",
    "wrong_code": "is not the code that was asked for",
    "wrong_form": "is a text of another form",
    "wrong_type": "is a text where a number belongs, a list where an object does",
    "zero": "must not be zero",
}
"""What is wrong with a field, for programs: every code of a Fault, and what it says of the field."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with what was given. `field` is empty where it is about the whole.

    `code` is for programs and one of FAULT_CODES, `text` a sentence for people with the next step.
    """

    field: str
    code: str
    text: str


class VendorAdminError(Exception):
    """What was asked for is not done. `code` tells programs why, `text` people.

    `platform_words` are the platform's own where it refused; whoever knows them sets them.
    """

    default_code: ClassVar[str] = "error"
    platform_words: str = ""

    def __init__(self, text: str = "", *, code: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.code = code or self.default_code


class InvalidFields(VendorAdminError):
    """What was given cannot be stored. `faults` has everything that is wrong."""

    default_code = INVALID

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(fault.text for fault in self.faults))

    @classmethod
    def from_texts(cls, texts: Mapping[str, str], *, code: str = INVALID) -> "InvalidFields":
        """Of one sentence for each field, under one code."""
        return cls(Fault(field, code, text) for field, text in texts.items())

    @property
    def texts(self) -> dict[str, str]:
        """What is wrong with each field, by its name."""
        found: dict[str, list[str]] = {}
        for fault in self.faults:
            found.setdefault(fault.field, []).append(fault.text)
        return {field: " ".join(texts) for field, texts in found.items()}


class Refused(VendorAdminError):
    """A rule does not let this person or program do it."""

    default_code = "refused"


class NotAllowed(Refused):
    """A right is missing. `rights` are those that are missing, as roles.Right and the API name them."""

    default_code = "not_allowed"

    def __init__(self, text: str, *, rights: Iterable[str] = ()) -> None:
        super().__init__(text)
        self.rights = tuple(rights)


class NotFound(VendorAdminError):
    """There is no such thing, or not for whoever asks."""

    default_code = "not_found"


class Gone(VendorAdminError):
    """It was there, and is not kept any more. `oldest_cursor`: where a list can be read on, if it is one."""

    default_code = "gone"

    def __init__(self, text: str = "", *, oldest_cursor: str = "") -> None:
        super().__init__(text)
        self.oldest_cursor = oldest_cursor


class Conflict(VendorAdminError):
    """It does not fit how things stand now."""

    default_code = "conflict"


class Unavailable(VendorAdminError):
    """It cannot be done at this moment. `retry_after_seconds`: when trying again can help; None where nobody knows."""

    default_code = "unavailable"

    def __init__(self, text: str = "", *, code: str = "", retry_after_seconds: float | None = None) -> None:
        super().__init__(text, code=code)
        self.retry_after_seconds = retry_after_seconds
