"""What a reader of events asks for, read from the address."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vendor_admin.partner_api.request_errors import InvalidParameters, ParameterFault
from vendor_admin.sync.events.event_types import is_event_type

PARAMETERS: Final = ("after", "wait", "types", "account", "member", "limit")
LARGEST_PAGE: Final = 1_000
USUAL_PAGE: Final = 100
LONGEST_WAIT_SECONDS: Final = 30
MOST_TYPES: Final = 50
_LARGEST_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class EventQuery:
    """One page of events: from where, how long to wait for the first, and which."""

    after: str = ""
    wait_seconds: float = 0
    types: tuple[str, ...] = ()
    account_id: int | None = None
    member_id: int | None = None
    limit: int = USUAL_PAGE

    @property
    def is_filtered(self) -> bool:
        return bool(self.types) or self.account_id is not None or self.member_id is not None


def query_of(given: Mapping[str, str]) -> EventQuery:
    """The query of an address. Raises InvalidParameters with everything that is wrong."""
    if unknown := [name for name in given if name not in PARAMETERS]:
        raise InvalidParameters.unknown(unknown, known=PARAMETERS)
    faults: list[ParameterFault] = []
    query = EventQuery(
        after=given.get("after", ""),
        wait_seconds=_number(given, "wait", faults, default=0, least=0, most=LONGEST_WAIT_SECONDS) or 0,
        types=_types(given.get("types", ""), faults),
        account_id=_number(given, "account", faults, default=None, least=1, most=_LARGEST_ID),
        member_id=_number(given, "member", faults, default=None, least=1, most=_LARGEST_ID),
        limit=_number(given, "limit", faults, default=USUAL_PAGE, least=1, most=LARGEST_PAGE) or USUAL_PAGE,
    )
    if faults:
        raise InvalidParameters(faults)
    return query


def _number(
    given: Mapping[str, str], name: str, faults: list[ParameterFault], *, default: int | None, least: int, most: int
) -> int | None:
    if name not in given:
        return default
    text = given[name]
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    if is_number and least <= int(text) <= most:
        return int(text)
    faults.append(ParameterFault(name, "invalid", f"{name} is a whole number from {least} to {most}."))
    return default


def _types(text: str, faults: list[ParameterFault]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if len(names) > MOST_TYPES:
        faults.append(ParameterFault("types", "invalid", f"Name {MOST_TYPES} event types at most, or none for all."))
        return ()
    unknown = [name for name in names if not is_event_type(name)]
    if unknown:
        said = (
            f"There is no event type {unknown[0][:60]!r}. The page on events lists them; member.* means all of members."
        )
        faults.append(ParameterFault("types", "unknown_event_type", said))
    return names
