"""What each staff role may do: one table. Pages and verbs ask `may`; nothing else decides."""

import enum

from vendor_admin.organizations.models import StaffRole, User


class Right(enum.StrEnum):
    """One thing a person may do in an organization."""

    VIEW = "view"
    EXPORT = "export"
    VIEW_RAW = "view raw data"
    MANAGE_CONNECTIONS = "manage connections"
    REQUEST_RECONCILIATION = "request reconciliation"
    VIEW_AUDIT = "view audit"
    MANAGE_STAFF = "manage staff"
    VIEW_OPERATIONS = "view operations"
    MANAGE_MEMBERS = "create and edit members"
    CHANGE_CREDENTIALS = "change credentials of members"
    CANCEL_MEMBERS = "cancel members"
    CREATE_ACCOUNTS = "create accounts"
    MANAGE_PERMISSIONS = "grant and revoke trading permissions"
    MANAGE_SUBSCRIPTIONS = "manage subscriptions"
    CHANGE_BALANCES = "change balances"
    RESET_ACCOUNTS = "reset accounts"
    MANAGE_RISK = "change risk limits"
    CLOSE_POSITIONS = "cancel orders and liquidate positions"
    PLACE_ORDERS = "place orders"
    APPROVE_PLANS = "approve plans"
    DECIDE_UNKNOWN = "decide unknown outcomes"
    ACKNOWLEDGE_NOTICES = "acknowledge notices"
    MANAGE_NOTICES = "manage notices and thresholds"
    MANAGE_MEMBER_SIGN_IN = "manage the sign-in of members"
    MANAGE_PORTALS = "manage portals"
    MANAGE_API_KEYS = "manage keys of programs"
    MANAGE_WEBHOOKS = "manage webhooks"


_VIEWER = {Right.VIEW, Right.VIEW_OPERATIONS}
_SUPPORT = _VIEWER | {
    Right.EXPORT,
    Right.VIEW_RAW,
    Right.REQUEST_RECONCILIATION,
    Right.MANAGE_MEMBERS,
    Right.CHANGE_CREDENTIALS,
    Right.CREATE_ACCOUNTS,
    Right.MANAGE_PERMISSIONS,
    Right.ACKNOWLEDGE_NOTICES,
}
RIGHTS: dict[str, set[Right]] = {
    StaffRole.Role.VIEWER: _VIEWER,
    StaffRole.Role.SUPPORT: _SUPPORT,
    StaffRole.Role.RISK: _SUPPORT
    | {Right.VIEW_AUDIT, Right.CANCEL_MEMBERS, Right.RESET_ACCOUNTS, Right.MANAGE_RISK, Right.APPROVE_PLANS}
    | {Right.CLOSE_POSITIONS, Right.DECIDE_UNKNOWN},
    StaffRole.Role.FINANCE: _VIEWER
    | {Right.EXPORT, Right.VIEW_RAW, Right.REQUEST_RECONCILIATION, Right.VIEW_AUDIT}
    | {Right.MANAGE_SUBSCRIPTIONS, Right.CHANGE_BALANCES, Right.APPROVE_PLANS, Right.DECIDE_UNKNOWN}
    | {Right.ACKNOWLEDGE_NOTICES},
    # Nobody trades for members by a role. A program may, if an owner gave it the scope.
    StaffRole.Role.OWNER: set(Right) - {Right.PLACE_ORDERS},
}


def may(*, user: User, role: StaffRole | None, right: Right) -> bool:
    """Whether a user with this role (in the current organization) has a right. Operators have all inside an
    organization.
    """
    if not user.is_active or not user.is_staff:
        return False
    if user.is_operator:
        return True
    return role is not None and right in RIGHTS[role.role]
