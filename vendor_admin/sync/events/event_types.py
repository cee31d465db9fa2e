"""Which event a row of the log is to partners: `account.locked`, `fill.created`, … Pure: rows in, names out.

What the log does not hold is not told. Where a name depends on what was before (a lock that is set) and the log has no
earlier row of the entity, the row gets the plain name of its kind, e.g. `account_risk_status.updated`.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final

import msgspec

from vendor_admin.sync.models import Kind

# What this service itself tells; the kinds of the log are the platform's.
SERVICE_KIND: Final = 0
KIND_NAMES: Final = {SERVICE_KIND: "service"} | {kind.value: str(kind.label) for kind in Kind}
RESYNC_KINDS: Final = frozenset({Kind.RESYNC.value, Kind.VANISHED.value})
_VERBS: Final = {
    Kind.CREATED.value: "created",
    Kind.UPDATED.value: "updated",
    Kind.DELETED.value: "deleted",
    Kind.SNAPSHOT.value: "snapshot",
    Kind.RESYNC.value: "updated",
    Kind.VANISHED.value: "deleted",
}

# The names that a partner may choose, with what each says. Every other row is called by its entity and kind.
CATALOGUE: Final = {
    "account.created": "An account was created.",
    "account.updated": "Something of an account changed: its name, its category, whether it is active.",
    "account.closed": "An account was closed.",
    "account.archived": "The platform archived an account.",
    "account.deleted": "The platform lists an account no more.",
    "account.locked": "An admin locked trading of an account.",
    "account.closing_only": "An account may only close positions from now on.",
    "account.liquidated": "An account was liquidated, by an admin or by its limits.",
    "account.unlocked": "A lock, a liquidation or closing-only mode of an account ended.",
    "account.limit_changed": "Auto-liq settings, a position limit or a risk parameter was set, changed or removed.",
    "balance.changed": "The platform told an account's cash balance anew.",
    "member.created": "A member was created.",
    "member.updated": "Something of a member or of the contact data changed.",
    "member.locked": "The platform locked a member for a time.",
    "member.closed": "The platform closed a member's user.",
    "member.deleted": "The platform lists a member no more.",
    "permission.created": "A trading permission was asked for or granted.",
    "permission.granted": "A trading permission came into force.",
    "permission.declined": "A trading permission was declined.",
    "permission.revoked": "A trading permission was revoked.",
    "permission.updated": "Something else of a trading permission changed.",
    "permission.deleted": "The platform lists a trading permission no more.",
    "subscription.created": "A membership, an entitlement or market data was bought.",
    "subscription.updated": "A membership, an entitlement or market data changed.",
    "subscription.cancelled": "A membership will not be renewed.",
    "subscription.deleted": "The platform lists a subscription no more.",
    "order.created": "An order was placed.",
    "order.working": "An order works at the exchange.",
    "order.filled": "An order is filled.",
    "order.cancelled": "An order was cancelled.",
    "order.rejected": "An order was rejected.",
    "order.expired": "An order expired.",
    "order.updated": "An order has another status.",
    "order.deleted": "The platform lists an order no more.",
    "fill.created": "An order was filled, or part of it.",
    "fill.updated": "Something of a fill changed.",
    "fill.taken_back": "The platform took a fill back: it counts no more.",
    "fill.deleted": "The platform lists a fill no more.",
    "plan.created": "A plan was made.",
    "plan.previewed": "The preview of a plan is ready.",
    "plan.stale": "The preview of a plan is out of date.",
    "plan.waiting": "A plan waits for a second person.",
    "plan.held": "A confirmed plan waits for the platform.",
    "plan.started": "A plan runs.",
    "plan.resumed": "A plan that was paused runs again.",
    "plan.paused": "A plan was paused.",
    "plan.finished": "A plan is finished: every row has an outcome, or needs a person.",
    "plan.cancelled": "A plan was cancelled.",
    "operation.needs_person": "A write has an outcome that only a person can decide.",
    "operation.decided": "That was decided.",
    "sync.gap": "Events were missed: what happened meanwhile is told as resync.",
    "sync.gap_ended": "Events arrive again.",
    "sync.gap_repaired": "All that was missed and can be read has been read.",
}  # fmt: skip
# The entities behind the first part of a name.
NOUNS: Final = {
    "account": (
        "account", "accountRiskStatus", "userAccountAutoLiq", "permissionedAccountAutoLiq",
        "userAccountPositionLimit", "userAccountRiskParameter",
    ),
    "balance": ("cashBalance",),
    "member": ("user", "contactInfo"),
    "permission": ("tradingPermission",),
    "subscription": ("tradovateSubscription", "userPlugin", "marketDataSubscription"),
    "order": ("order",),
    "fill": ("fill",),
    "plan": ("plan",),
    "operation": ("operation",),
    "sync": ("gap",),
}  # fmt: skip
_NOUN_OF: Final = {entity_type: noun for noun, entity_types in NOUNS.items() for entity_type in entity_types}
SERVICE_TYPES: Final = frozenset({"plan", "operation", "gap"})
# Entities that name their member.
TYPES_WITH_USER: Final = (
    "account", "contactInfo", "tradingPermission", "userPlugin", "marketDataSubscription", "tradovateSubscription",
)  # fmt: skip
_NAME = re.compile(r"[a-z0-9_]+\.([a-z0-9_]+|\*)")
_KINDS_OF_NAMES = frozenset({*_VERBS.values(), "*"})


class Facts(msgspec.Struct, gc=False, rename="camel"):
    """What names depend on of an entity's state; None for what it does not say."""

    user_id: Any = None
    account_id: Any = None
    status: Any = None
    ord_status: Any = None
    active: Any = None
    closed: Any = None
    archived: Any = None
    admin_action: Any = None
    liquidate_only: Any = None
    cancelled_renewal: Any = None
    state: Any = None
    earlier_state: Any = None


_decoder = msgspec.json.Decoder(Facts)
NO_FACTS: Final = Facts()


def facts_of(payload: str) -> Facts:
    """The facts of a row's JSON. What cannot be read (a number of thousands of digits, no object) tells nothing."""
    try:
        return _decoder.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return NO_FACTS


def needs_earlier(entity_type: str, kind: int) -> bool:
    """Whether the name depends on the row of the same entity before this one."""
    return entity_type in _BY_CHANGE and kind in (Kind.UPDATED, Kind.RESYNC)


def event_type_of(entity_type: str, kind: int, facts: Facts, earlier: Facts | None) -> str:
    """The name of a row. `earlier` is what the entity was before, where `needs_earlier` and the log knows it."""
    if kind == SERVICE_KIND:
        return _service_event(entity_type, facts)
    noun = _NOUN_OF.get(entity_type, "")
    verb = _VERBS.get(kind, "updated")
    if not noun or verb == "snapshot":
        return f"{noun or snake(entity_type)}.{verb}"
    if (by_change := _BY_CHANGE.get(entity_type)) is not None:
        if kind == Kind.RESYNC and earlier is None:
            verb = "created"
        return by_change(verb, facts, earlier)
    if (by_state := _BY_STATE.get(entity_type)) is not None:
        return by_state(verb, facts)
    return f"{noun}.{verb}"


def is_event_type(name: str) -> bool:
    """Whether a partner may ask for this name: one of the catalogue, of an entity and a kind, or `noun.*`."""
    if name in CATALOGUE:
        return True
    found = _NAME.fullmatch(name)
    return found is not None and found[1] in _KINDS_OF_NAMES


def entity_types_of(names: Iterable[str]) -> list[str]:
    """The entities that can have one of these names: more than enough, never too few."""
    found: set[str] = set()
    for name in names:
        noun = name.partition(".")[0]
        words = noun.split("_")
        pascal = "".join(word.capitalize() for word in words)
        found |= {*NOUNS.get(noun, ()), pascal[:1].lower() + pascal[1:], pascal, noun}
    return sorted(found)


class Chosen:
    """Some event types: whether a name is among them. `*` after the point stands for all of a noun."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._nouns = frozenset(name.removesuffix(".*") for name in self._names if name.endswith(".*"))

    def has(self, name: str) -> bool:
        return name in self._names or name.partition(".")[0] in self._nouns


@lru_cache(maxsize=1000)
def snake(entity_type: str) -> str:
    """An entity type as the first part of a name: `marginSnapshot` -> `margin_snapshot`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", entity_type)
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_") or "unknown"


def _account(verb: str, facts: Facts, earlier: Facts | None) -> str:
    if verb == "updated" and earlier is not None:
        if facts.closed is True and earlier.closed is not True:
            return "account.closed"
        if facts.archived is True and earlier.archived is not True:
            return "account.archived"
    return f"account.{verb}"


_LIQUIDATED = frozenset({"LiquidateImmediately", "AgreedOnLiquidationByAutoLiq"})
_CLOSING_ONLY = frozenset({"LiquidateOnlyModeImmediately", "AgreedOnLiqOnlyModeByAutoLiq"})


def _lock_of(facts: Facts) -> str:
    if facts.admin_action in _LIQUIDATED:
        return "liquidated"
    if facts.admin_action == "LockTradingImmediately":
        return "locked"
    if facts.admin_action in _CLOSING_ONLY or facts.liquidate_only:
        return "closing_only"
    return ""


def _risk_status(verb: str, facts: Facts, earlier: Facts | None) -> str:
    lock, before = _lock_of(facts), "" if earlier is None else _lock_of(earlier)
    is_known = verb == "created" or (verb == "updated" and earlier is not None)
    if is_known and lock != before:
        return f"account.{lock or 'unlocked'}"
    return f"account_risk_status.{verb}"


_MEMBER_STATUS = {"Closed": "closed", "TemporaryLocked": "locked"}


def _member(verb: str, facts: Facts, earlier: Facts | None) -> str:
    if verb == "updated" and earlier is not None and facts.status != earlier.status:
        return f"member.{_MEMBER_STATUS.get(str(facts.status), verb)}"
    return f"member.{verb}"


_PERMISSION_STATUS = {
    "Accepted": "granted", "Approved": "granted", "Declined": "declined", "Revoked": "revoked",
}  # fmt: skip


def _permission(verb: str, facts: Facts, earlier: Facts | None) -> str:
    if verb == "updated" and earlier is not None and facts.status != earlier.status:
        return f"permission.{_PERMISSION_STATUS.get(str(facts.status), verb)}"
    return f"permission.{verb}"


def _membership(verb: str, facts: Facts, earlier: Facts | None) -> str:
    if verb == "updated" and earlier is not None and facts.cancelled_renewal is True:
        return "subscription.cancelled" if earlier.cancelled_renewal is not True else "subscription.updated"
    return f"subscription.{verb}"


_ORDER_STATUS = {
    "Working": "working", "Filled": "filled", "Canceled": "cancelled", "Rejected": "rejected", "Expired": "expired",
}  # fmt: skip


def _order(verb: str, facts: Facts) -> str:
    return f"order.{_ORDER_STATUS.get(str(facts.ord_status), verb) if verb == 'updated' else verb}"


def _fill(verb: str, facts: Facts) -> str:
    return "fill.taken_back" if verb == "updated" and facts.active is False else f"fill.{verb}"


def _limit(verb: str, facts: Facts) -> str:
    return "account.limit_changed"


def _balance(verb: str, facts: Facts) -> str:
    return "cash_balance.deleted" if verb == "deleted" else "balance.changed"


def _contact(verb: str, facts: Facts) -> str:
    return "member.updated"


# Named by what changed, and so by the row before; named by the row's own state.
_BY_CHANGE: Final[dict[str, Callable[[str, Facts, Facts | None], str]]] = {
    "account": _account,
    "accountRiskStatus": _risk_status,
    "user": _member,
    "tradingPermission": _permission,
    "tradovateSubscription": _membership,
}
_BY_STATE: Final[dict[str, Callable[[str, Facts], str]]] = {
    "order": _order,
    "fill": _fill,
    "cashBalance": _balance,
    "contactInfo": _contact,
    "userAccountAutoLiq": _limit,
    "permissionedAccountAutoLiq": _limit,
    "userAccountPositionLimit": _limit,
    "userAccountRiskParameter": _limit,
}
_PLAN_STATES = {"preview": "previewed", "running": "started"}


def _service_event(entity_type: str, facts: Facts) -> str:
    state = str(facts.state)
    if entity_type == "plan":
        if facts.earlier_state is None:
            return "plan.created"
        if facts.earlier_state == "paused" and state == "running":
            return "plan.resumed"
        return f"plan.{_PLAN_STATES.get(state, state)}"
    if entity_type == "operation":
        return f"operation.{state}"
    return "sync.gap" if state == "open" else f"sync.gap_{state}"
