"""The parameters that every list takes: limit, cursor, order_by, fields. What is not known is refused by name."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.http import QueryDict

from vendor_admin.partner_api.request_errors import InvalidParameters, ParameterFault

UNKNOWN, INVALID, REPEATED = "unknown_parameter", "invalid", "repeated"
LIMIT, MOST = 50, 200
LIST_PARAMETERS = ("limit", "cursor", "order_by", "fields")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a list or of one thing asks for, beside filters. `fields` is None for all."""

    limit: int
    order: str
    cursor: str
    fields: frozenset[str] | None
    filters: Mapping[str, str]


def read_parameters(
    query: QueryDict,
    *,
    known: Collection[str],
    filters: Collection[str] = (),
    orders: Collection[str] = (),
    order: str = "",
    fields: Collection[str] = (),
) -> Asked:
    """Read an address. `known` are those of LIST_PARAMETERS and others that it may have beside filters.

    Raises InvalidParameters with everything that is wrong.
    """
    faults = []
    for name, values in query.lists():
        if name not in known and name not in filters:
            faults.append(_unknown(name, sorted({*known, *filters})))
        elif len(values) > 1:
            faults.append(ParameterFault(name, REPEATED, f"“{name}” is there {len(values)} times. Give it once."))
        elif not _is_text(values[0]):
            faults.append(ParameterFault(name, INVALID, f"“{name}” has characters that no value here can have."))
        elif not values[0]:
            faults.append(ParameterFault(name, INVALID, f"“{name}” has no value."))
    given: dict[str, str] = {name: str(query[name]) for name in query}
    limit = given.get("limit", str(LIMIT))
    if not (limit.isascii() and limit.isdecimal() and len(limit) <= 3 and 1 <= int(limit) <= MOST):
        faults.append(ParameterFault("limit", INVALID, f"“limit” takes a whole number from 1 to {MOST}."))
        limit = str(LIMIT)
    chosen_order = given.get("order_by", order)
    if orders and chosen_order not in orders:
        faults.append(ParameterFault("order_by", INVALID, f"“order_by” takes one of {', '.join(orders)}."))
    wanted = _fields(given.get("fields"), fields, faults)
    if faults:
        all_unknown = all(fault.code == UNKNOWN for fault in faults)
        raise InvalidParameters(_once_each(faults), code=UNKNOWN if all_unknown else "")
    return Asked(
        limit=int(limit),
        order=chosen_order,
        cursor=given.get("cursor", ""),
        fields=wanted,
        filters={name: given[name] for name in filters if name in given},
    )


def _fields(text: str | None, fields: Collection[str], faults: list[ParameterFault]) -> frozenset[str] | None:
    """The fields that are asked for; `id` is always among them."""
    if not text or not fields:
        return None
    wanted = text.split(",")
    unknown = [name for name in wanted if name not in fields]
    if unknown:
        told = ", ".join(f"“{_shown(name)}”" for name in unknown[:5])
        faults.append(ParameterFault("fields", INVALID, f"There is no field {told}. There are {', '.join(fields)}."))
    return frozenset({"id", *wanted})


def _unknown(name: str, known: list[str]) -> ParameterFault:
    told = f"It takes {', '.join(known)}." if known else "It takes none."
    return ParameterFault(_shown(name), UNKNOWN, f"This address takes no parameter “{_shown(name)}”. {told}")


def _once_each(faults: list[ParameterFault]) -> list[ParameterFault]:
    return list({(fault.parameter, fault.code): fault for fault in reversed(faults)}.values())[::-1]


def _is_text(value: str) -> bool:
    """Whether PostgreSQL can compare with it: no NUL, no half of a character."""
    return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _shown(name: str) -> str:
    """A name as an answer can repeat it."""
    return name[:60].encode("utf-8", "replace").decode()
