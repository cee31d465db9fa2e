"""Fresh tokens that the platform refuses one after the other: another login would bring the same, so it waits.

What is counted are tokens that were given up within minutes of their login. A key without rights, or another
program that signs in with the same key, would otherwise cost a login for every call.
"""

from datetime import datetime

import structlog

from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.platform_access.budgets import Budget
from vendor_admin.organizations.platform_access.login_failures import SignIn

log = structlog.get_logger()

IN_A_ROW = Budget(name="fresh tokens refused in a row", limit=2)
FRESH_SECONDS = 300.0
HOLD_SECONDS = 900.0
REASON = "The platform refused two fresh tokens in a row, whatever they asked for."


def note(*, who: SignIn, issued_at: datetime, now: datetime) -> None:
    """Note that a token was given up; after the second fresh one in a row these credentials wait a quarter of an hour,
    and so after each that follows within the hour.

    Each environment's session has a row of its own: a platform that restarts refuses both once. A token that had
    lasted ends the row. Must not be called inside a transaction.
    """
    subject = f"{who.digest} at {who.rest_url} version {who.version}"
    if now - issued_at > budgets.scaled(FRESH_SECONDS):
        budgets.forget_uses(budget=IN_A_ROW, subject=subject)
        return
    budgets.take(budget=IN_A_ROW, subject=subject, now=now)
    if budgets.uses_left(budget=IN_A_ROW, subject=subject, now=now) == 0:
        budgets.lock(key=who.key, until=now + budgets.scaled(HOLD_SECONDS), reason=REASON, kind="scopes")
        log.error("fresh tokens refused", host=who.rest_url, user=who.credentials.name)
