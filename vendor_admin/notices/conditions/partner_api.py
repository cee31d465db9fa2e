"""Credentials of programs that were sent in an address, in every organization in scope."""

from datetime import datetime, timedelta

from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse

from vendor_admin.notices.conditions.condition import Condition
from vendor_admin.notices.models import Notice, NoticeKind
from vendor_admin.partner_api.models import CredentialLeak
from vendor_admin.tradovate.trading_calendar import clock_times

LEAKS_COUNT_FOR = timedelta(days=7)


def leaked_keys(now: datetime) -> list[Condition]:
    """Keys and tokens that were sent in an address, until there is another or somebody has seen it. One query."""
    seen = Notice.objects.filter(
        organization_id=OuterRef("organization_id"),
        kind=NoticeKind.KEY_LEAKED,
        subject=Concat(Value("leak "), Cast(OuterRef("pk"), CharField())),
        closed_at__gt=OuterRef("noted_at"),
    )
    leaks = CredentialLeak.objects.filter(handled_at=None, noted_at__gt=now - LEAKS_COUNT_FOR).exclude(Exists(seen))
    return [_condition(leak) for leak in leaks.order_by("id")]


def _condition(leak: CredentialLeak) -> Condition:
    caller = f" by {leak.address}" if leak.address else ""
    state = "It was ended at once." if leak.is_ended else "It still works."
    next_step = "Find the program that sends it, and let it use the header Authorization."
    if not leak.is_ended:
        next_step = f"Roll the key without overlap: whoever reads a log can use it. {next_step}"
    return Condition(
        organization_id=leak.organization_id,
        kind=NoticeKind.KEY_LEAKED,
        subject=f"leak {leak.pk}",
        title=f"{leak.label}: its credential was sent in an address",
        text=f"It came{caller} at {clock_times(leak.noted_at)}; the request was refused. Browsers, proxies and logs "
        f"keep addresses. {state}",
        next_step=next_step,
        path=reverse("admin:partner_api_apikey_changelist"),
    )
