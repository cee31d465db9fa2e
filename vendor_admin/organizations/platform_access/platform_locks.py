"""What an answer that forbids further calls closes, for every process and over restarts.

429 and 423 close every call of the user for an hour, a captcha its endpoint for an hour, a penalty ticket its endpoint
for as long as it says. Source: partner pages on rate limits and penalty tickets. Logins close more (login_failures.py).
"""

from datetime import datetime, timedelta

from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.platform_access.budgets import Budget
from vendor_admin.tradovate.outcomes import Locked, Penalized


def close_after(outcome: Penalized | Locked, *, user: str, address: str, path: str, now: datetime) -> datetime:
    """Close what the platform closed; returns until when. `user` and `address` are the subjects of the budgets that the
    call drew on, `path` is its endpoint.
    """
    if isinstance(outcome, Locked):
        until = now + budgets.one_window()
        reason = f"The platform answered {outcome.status} at {path}: no calls of this user for an hour."
        budgets.lock(key=user, until=until, reason=reason, kind="locked")
        return until
    endpoint = budgets.key_of(budget=Budget(path, limit=0), subject=address)
    if outcome.captcha:
        until = now + budgets.one_window()
        reason = f"The platform asks for a captcha at {path}, which only a person could answer: one hour."
        budgets.lock(key=endpoint, until=until, reason=reason, kind="captcha")
        return until
    until = now + timedelta(seconds=outcome.wait_seconds)
    reason = f"The platform slows {path} down for {outcome.wait_seconds:.0f} s (penalty ticket)."
    budgets.lock(key=endpoint, until=until, reason=reason, ticket=outcome.ticket, kind="penalty")
    return until
