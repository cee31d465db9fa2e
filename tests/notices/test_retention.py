"""Notices that are long over are forgotten, with what was told of them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from vendor_admin.notices import retention
from vendor_admin.notices.models import Delivery, Notice, NoticeChannel
from vendor_admin.notices.retention import forget_old_notices
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

NOW = timezone.now()


def _told(organization: Organization, *, closed_days_ago: int | None, event: str = "opened") -> Delivery:
    """A message of long ago about a notice that closed then, or (None) is still open, or about none (a test)."""
    with organization_scope(organization.pk):
        kept = {"organization": organization, "created_at": NOW - timedelta(days=400)}
        channel = NoticeChannel.objects.create(medium="email", addresses=["a@b.example"], created_by="test", **kept)
        notice = None
        if event != "test":
            notice = Notice.objects.create(
                organization=organization, kind="locked", subject=f"subject {channel.pk}", title="A lock",
                opened_at=NOW - timedelta(days=400),
                closed_at=None if closed_days_ago is None else NOW - timedelta(days=closed_days_ago),
            )  # fmt: skip
        return Delivery.objects.create(
            channel=channel, notice=notice, event=event, message={}, not_before=NOW, state="sent", **kept
        )


def _left(organization: Organization) -> list[int]:
    with organization_scope(organization.pk):
        return list(Delivery.objects.order_by("id").values_list("id", flat=True))


def test_what_ended_long_ago_is_forgotten_and_what_is_open_or_recent_stays(
    alpha, beta, settings, monkeypatch: pytest.MonkeyPatch
):
    settings.NOTICE_RETENTION_DAYS = 90
    monkeypatch.setattr(retention, "AT_ONCE", 1)
    for organization in (alpha, beta):
        _told(organization, closed_days_ago=91)
        _told(organization, closed_days_ago=200)
        _told(organization, closed_days_ago=None, event="test")
    still_open, recent = _told(alpha, closed_days_ago=None), _told(alpha, closed_days_ago=89)

    assert forget_old_notices(now=NOW) == (4, 6)

    assert _left(alpha) == [still_open.pk, recent.pk]
    assert _left(beta) == []
    with organization_scope(alpha.pk):
        assert Notice.objects.count() == 2
    assert forget_old_notices(now=NOW) == (0, 0)


def test_a_slip_of_the_finger_does_not_forget_last_weeks_notices(alpha, settings):
    settings.NOTICE_RETENTION_DAYS = 0
    recent, _ = _told(alpha, closed_days_ago=6), _told(alpha, closed_days_ago=8)

    forget_old_notices(now=NOW)

    assert _left(alpha) == [recent.pk]
