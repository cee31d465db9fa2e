"""What a program's token may do: a scope is a named set of the rights that staff have (organizations/roles.py).

Verbs ask for rights, whoever acts; views of the partner API name the scopes that they need. An owner of the
organization gives scopes to a program when it is registered.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from vendor_admin.organizations.roles import Right


@dataclass(frozen=True, slots=True)
class Scope:
    """A named set of rights. `words` tell staff what it is, after "It may"."""

    name: str
    words: str
    rights: frozenset[Right]


def _scope(name: str, words: str, *rights: Right) -> Scope:
    return Scope(name, words, frozenset(rights))


# Staff never find one chosen already; the approval of plans least of all.
PARTNER_SCOPES = (
    _scope("members:read", "read members", Right.VIEW),
    _scope("members:write", "create, change and cancel members", Right.MANAGE_MEMBERS, Right.CANCEL_MEMBERS),
    _scope(
        "credentials:write", "change e-mail addresses, user names and passwords of members", Right.CHANGE_CREDENTIALS
    ),
    _scope("accounts:read", "read accounts, balances and positions", Right.VIEW),
    _scope(
        "snapshots:request",
        "ask the platform for an account's cash, and whether it would take orders",
        Right.REQUEST_RECONCILIATION,
    ),
    _scope("accounts:write", "create, reset and close accounts", Right.CREATE_ACCOUNTS, Right.RESET_ACCOUNTS),
    _scope("permissions:read", "read trading permissions", Right.VIEW),
    _scope("permissions:write", "grant and revoke trading permissions", Right.MANAGE_PERMISSIONS),
    _scope("subscriptions:read", "read memberships, entitlements and market data", Right.VIEW),
    _scope("subscriptions:write", "change memberships, entitlements and market data", Right.MANAGE_SUBSCRIPTIONS),
    _scope("risk:read", "read limits, locks and risk parameters", Right.VIEW),
    _scope(
        "risk:write",
        "change limits and risk parameters, cancel orders and liquidate positions",
        Right.MANAGE_RISK,
        Right.CLOSE_POSITIONS,
    ),
    _scope(
        "orders:write",
        "place, change and cancel orders, liquidate positions",
        Right.PLACE_ORDERS,
        Right.CLOSE_POSITIONS,
    ),
    _scope("balances:write", "change demo balances", Right.CHANGE_BALANCES),
    _scope("operations:read", "read plans and operations", Right.VIEW_OPERATIONS),
    _scope("plans:approve", "approve plans of others, as the second person", Right.APPROVE_PLANS),
    _scope("events:read", "read the event log", Right.VIEW, Right.VIEW_RAW),
    _scope("webhooks:manage", "say where events are sent", Right.MANAGE_WEBHOOKS),
    _scope("requests:read", "read the log of its own requests", Right.VIEW_RAW),
    _scope("reports:read", "download a day's report", Right.VIEW, Right.EXPORT),
)
_BY_NAME = {scope.name: scope for scope in PARTNER_SCOPES}


def rights_of_scopes(names: Iterable[str]) -> frozenset[Right]:
    """Every right that these scopes give together. A name that is no scope of the partner API gives none."""
    return frozenset[Right]().union(*(_BY_NAME[name].rights for name in names if name in _BY_NAME))


def scopes_with(right: Right) -> list[str]:
    """The scopes that give a right."""
    return [scope.name for scope in PARTNER_SCOPES if right in scope.rights]
