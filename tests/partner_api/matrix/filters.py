"""What each query parameter of a list is given as a foreign value: an id or a text of the other organization."""

FOREIGN: dict[str, str] = {
    "id": "{thing}",
    "account": "{account}",
    "member": "{member}",
    "order": "{order}",
    "plan": "{plan}",
    "event_id": "{account}",
    "position_limit": "{position_limit}",
    "category_position_limit": "{category_position_limit}",
    "risk_category": "{risk_category}",
    "email": "{email}",
    "name": "{member_name}",
    "search": "{word}",
    "key": "{key}",
    "path": "/api/v1/accounts/{other_account}/balance-changes",
    "external_id": "{member_reference}",
}
"""By a parameter's name: what it takes, in `Planted.ids`; `thing` is what the list is of."""
OF_NOBODY: dict[str, str] = {
    "environment": "demo",
    "include_deleted": "true",
    "status": "Active",
    "state": "preview",
    "active": "true",
    "open": "true",
    "trade_date": "2026-11-20",
    "kind": "change_balances",
    "needs_person": "true",
    "is_enabled": "true",
    "event_type": "account.created",
    "requests?status": "2xx",
    "webhooks/{webhook_id}/deliveries?state": "sent",
    "method": "POST",
    "code": "not_found",
    "since": "2026-01-01T00:00:00Z",
    "before": "2199-01-01T00:00:00Z",
}
"""Parameters whose values name no thing, by name, or with the list that has its own words for one: whatever they are,
only one's own rows are listed."""
