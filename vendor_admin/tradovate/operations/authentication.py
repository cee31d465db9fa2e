"""Signing in. Limits from partner.tradovate.com/overview/core-concepts/rate-limits."""

from vendor_admin.tradovate.catalogue.operation import Operation

ACCESS_TOKEN_REQUEST = Operation(
    path="auth/accesstokenrequest",
    method="POST",
    hourly_limit=5,
    counts_successes=False,
    needs_token=False,
)
"""Makes a new session, which may close an older one: the exception, not the rule. Renew instead."""

RENEW_ACCESS_TOKEN = Operation(path="auth/renewaccesstoken", method="GET", harmless_to_repeat=True, hourly_limit=15)

ME = Operation(path="auth/me", method="GET", harmless_to_repeat=True, hourly_limit=10, counts_successes=False)
