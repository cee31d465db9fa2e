"""Reading what a target asks for: ids and dates as plan kinds take them, from forms, files and programs alike."""

from collections.abc import Mapping
from datetime import date

from vendor_admin.operations.kinds import Json

LARGEST_ID = 2**63 - 1


def id_in(wanted: Mapping[str, Json], name: str) -> int | None:
    """The platform id under a name; None where it is missing or no id."""
    value = wanted.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value <= LARGEST_ID else None


def ids_in(wanted: Mapping[str, Json], name: str) -> list[int] | None:
    """The platform ids under a name, each once, in their order; None where one is no id, or it is no list."""
    values = wanted.get(name)
    if not isinstance(values, list | tuple):
        return None
    ids = [id_in({name: value}, name) for value in values]
    return None if None in ids else list(dict.fromkeys(one for one in ids if one is not None))


def unknown_fields(wanted: Mapping[str, Json], known: tuple[str, ...]) -> str:
    """Why a row is skipped that asks for what its kind does not know; empty where it does not."""
    unknown = sorted(set(wanted) - set(known))
    return f"Not known here: {', '.join(unknown)}. Known are {', '.join(known)}." if unknown else ""


def is_over(day: date | None, *, today: date) -> bool:
    """Whether a plan's or an entitlement's last day has come."""
    return day is not None and day <= today
