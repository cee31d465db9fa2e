"""What the schema says of the API as a whole, as drf-spectacular takes it. Pure: settings are made of it."""

from typing import Any

EVENT_KINDS = ("created", "updated", "deleted", "snapshot", "resync", "vanished", "service")
DESCRIPTION = """\
Everything that staff can do, by program. Send an API key as `Authorization: Bearer vak_live_…`.

- Ids are strings, amounts are decimal strings, times are RFC 3339 in UTC.
- Lists come in pages: follow `next_cursor` until it is null. `fields` leaves out what you do not need.
- Unknown parameters are refused by name. Errors are problem bodies (RFC 9457): decide by [`code`](/api/docs/errors).
- Changes are plans: they are previewed, may wait for a second person, and can be reverted.
- Answers follow the dated version of your key: [what each changed](/api/docs/changelog).
"""
TAGS = {
    "Programs": "Who calls.",
    "Organization": "Your organization and its sockets.",
    "Members": "Who trades.",
    "Accounts": "What they trade on: balances, limits, what is left of them, and whether they may trade.",
    "Permissions": "Who may trade which account.",
    "Balances": "The cash of accounts.",
    "Memberships": "Members' memberships at the platform.",
    "Entitlements": "What members may use beside them.",
    "Market data subscriptions": "Market data, by exchange and month.",
    "Risk": "Limits of accounts and risk categories, what liquidations did, and how risk statuses changed.",
    "Trading": "Positions, orders and fills.",
    "Reference": "Contracts and products, their margins and hours, groups, rates and kinds of strategies.",
    "Plans": "Changes, of one thing or ten thousand.",
    "Operations": "Calls of the platform that carry plans out.",
    "Events": "What happened, in the order in which it was stored.",
    "Webhooks": "Events, sent to your own addresses.",
    "Reports": "A whole session's day as a file.",
    "Requests": "Your own requests and their answers.",
    "Test mode": "The sandbox that test keys reach.",
}


def schema_settings(*, version: str) -> dict[str, Any]:
    """The settings of drf-spectacular."""
    return {
        "TITLE": "Vendor Admin partner API",
        "VERSION": version,
        "DESCRIPTION": DESCRIPTION,
        "OAS_VERSION": "3.1.1",
        "TAGS": [{"name": name, "description": text} for name, text in TAGS.items()],
        "SCHEMA_PATH_PREFIX": r"/api/v1",
        "SERVE_INCLUDE_SCHEMA": False,
        "SORT_OPERATION_PARAMETERS": False,
        "COMPONENT_SPLIT_REQUEST": True,
        "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
        "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
        "ENUM_NAME_OVERRIDES": {
            "Environment": "vendor_admin.organizations.models.ENVIRONMENTS",
            "PlanState": "vendor_admin.operations.models.Plan.State",
            "RowState": "vendor_admin.operations.models.PlanRow.State",
            "OperationState": "vendor_admin.operations.models.Operation.State",
            "AnswerState": "vendor_admin.operations.models.ReadJobRow.State",
            "QuestionState": "vendor_admin.operations.models.ReadJob.State",
            "SocketState": "vendor_admin.sync.models.SyncState",
            "MayTrade": ["yes", "closing_only", "no", "unknown"],
            "LossLimit": ["trailing_drawdown", "daily_loss", "weekly_loss", "daily_loss_percent", "none"],
            "EventKind": [*EVENT_KINDS],
        },
        "ENABLE_DJANGO_DEPLOY_CHECK": False,
    }
