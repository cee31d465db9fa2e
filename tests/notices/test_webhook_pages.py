"""Pages of webhooks: owners alone, the secret once, deliveries with *Send again*."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from standardwebhooks import Webhook

from tests.support.signed_in import signed_in
from tests.support.staff_and_rows import NOW
from vendor_admin.notices.event_webhooks.order import DOWN_FROM
from vendor_admin.notices.models import EventWebhook, WebhookDelivery
from vendor_admin.organizations.models import Organization, StaffRole, User
from vendor_admin.organizations.tenancy.scope import organization_scope

LIST, ADD = "admin:notices_eventwebhook_changelist", "admin:notices_eventwebhook_add"
POSTED = ("test", "secret", "switch")


@pytest.fixture
def webhook(alpha: Organization) -> EventWebhook:
    with organization_scope(alpha.pk):
        return EventWebhook.objects.create(
            organization=alpha, url="https://hooks.example.com/T0/x", event_types=["account.*", "fill.created"],
            secret={"current": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, created_by="alice", created_at=NOW,
        )  # fmt: skip


@pytest.fixture
def delivery(alpha: Organization, webhook: EventWebhook) -> WebhookDelivery:
    with organization_scope(alpha.pk):
        return WebhookDelivery.objects.create(
            organization=alpha, webhook=webhook, event_id=5, event_type="account.created", subject="a", body='{"a": 1}',
            state="sent", attempts=1, not_before=NOW, created_at=NOW,
            answers=[{"at": NOW.isoformat(), "status": 200, "text": "The receiver answered 200.", "said": "thanks"}],
        )  # fmt: skip


def of(organization: Organization, model: type[Any]) -> list[Any]:
    with organization_scope(organization.pk):
        return list(model.objects.order_by("id"))


def page_of(webhook: EventWebhook) -> str:
    return reverse("admin:notices_eventwebhook_change", args=[webhook.pk])


def test_an_owner_adds_one_and_sees_its_secret_once(alice: Client, alpha: Organization) -> None:
    page = alice.post(reverse(ADD), {"url": "https://8.8.8.8/hook", "nouns": ["plan.*"], "others": "fill.created"})
    assert "no-store" in page.headers["Cache-Control"]
    found = re.search(r'value="(whsec_[^"]+)"', page.content.decode())
    assert found
    Webhook(found[1])
    (made,) = of(alpha, EventWebhook)
    assert (made.event_types, made.secret) == (["plan.*", "fill.created"], {"current": found[1]})
    for shown in (alice.get(page_of(made)), alice.get(reverse(LIST))):
        assert "whsec_" not in shown.content.decode()
    renewed = alice.post(reverse("admin:webhook_secret", args=[made.pk])).content.decode()
    assert "For one day" in renewed


def test_what_cannot_be_stored_is_said_at_its_field(alice: Client, alpha: Organization) -> None:
    for given, said in (
        ({"url": "https://8.8.8.8/hook"}, "Choose at least one."),
        ({"url": "https://8.8.8.8/hook", "others": "account.sneezed"}, "There is no event type"),
        ({"url": "ftp://8.8.8.8/hook", "nouns": ["plan.*"]}, "https://"),
    ):
        assert said in alice.post(reverse(ADD), given).content.decode()
    assert of(alpha, EventWebhook) == []


def test_deliveries_are_shown_and_sent_again(
    alice: Client, alpha: Organization, webhook: EventWebhook, delivery: WebhookDelivery
) -> None:
    text = alice.get(page_of(webhook)).content.decode()
    assert "account.created" in text
    assert "thanks" in text
    again = reverse("admin:webhook_resend", args=[webhook.pk, delivery.pk])
    assert again in text
    assert alice.get(again).status_code == 405
    assert alice.post(again).status_code == 302
    first, second = of(alpha, WebhookDelivery)
    assert (second.is_resend, second.message_id, second.body) == (True, first.message_id, first.body)
    assert alice.post(again, follow=True).content.decode().count("on its way already") == 1
    assert len(of(alpha, WebhookDelivery)) == 2


def test_an_owner_changes_switches_and_removes_one(alice: Client, alpha: Organization, webhook: EventWebhook) -> None:
    edit = reverse("admin:webhook_edit", args=[webhook.pk])
    assert "fill.created" in alice.get(edit).content.decode()
    alice.post(edit, {"url": "https://8.8.4.4/x", "nouns": ["order.*"], "is_with_object": "on"})
    (changed,) = of(alpha, EventWebhook)
    assert (changed.url, changed.event_types, changed.is_with_object) == ("https://8.8.4.4/x", ["order.*"], True)
    switch = reverse("admin:webhook_switch", args=[webhook.pk])
    alice.post(switch)
    assert not of(alpha, EventWebhook)[0].is_enabled
    alice.post(switch)
    assert of(alpha, EventWebhook)[0].is_enabled
    alice.post(reverse("admin:webhook_test", args=[webhook.pk]))
    assert [one.event_type for one in of(alpha, WebhookDelivery)] == ["webhook.test"]
    remove = reverse("admin:webhook_remove", args=[webhook.pk])
    assert alice.get(remove).status_code == 200
    alice.post(remove)
    assert of(alpha, EventWebhook) == []


def test_verbs_are_posted_and_others_webhooks_are_not_found(
    alice: Client, charlie: Client, alpha: Organization, webhook: EventWebhook, delivery: WebhookDelivery
) -> None:
    for name in POSTED:
        assert alice.get(reverse(f"admin:webhook_{name}", args=[webhook.pk])).status_code == 405, name
    for name in (*POSTED, "edit", "remove"):
        assert charlie.post(reverse(f"admin:webhook_{name}", args=[webhook.pk])).status_code == 404, name
    assert charlie.get(page_of(webhook)).status_code == 404
    assert charlie.get(reverse("admin:webhook_deliveries", args=[webhook.pk])).status_code == 404
    assert charlie.post(reverse("admin:webhook_resend", args=[webhook.pk, delivery.pk])).status_code == 404
    assert len(of(alpha, WebhookDelivery)) == 1


@pytest.mark.parametrize("role", ["viewer", "support", "risk", "finance"])
def test_only_owners_look_after_webhooks(alpha: Organization, webhook: EventWebhook, role: str) -> None:
    user = User.objects.create_user(username=role, password="a-long-password-1", is_staff=True)
    StaffRole.objects.create(user=user, organization=alpha, role=role)
    client = signed_in(user)
    assert client.get(reverse(LIST)).status_code == 403
    assert client.get(page_of(webhook)).status_code == 403
    for name in (*POSTED, "edit", "remove"):
        assert client.post(reverse(f"admin:webhook_{name}", args=[webhook.pk])).status_code == 403, name
    assert of(alpha, EventWebhook)[0].is_enabled


def test_what_waits_behind_a_receiver_that_is_down_says_so(
    alice: Client, webhook: EventWebhook, delivery: WebhookDelivery
) -> None:
    with organization_scope(webhook.organization_id):
        WebhookDelivery.objects.filter(pk=delivery.pk).update(state="waiting", attempts=0)
    assert "Goes out" in alice.get(page_of(webhook)).content.decode()
    with organization_scope(webhook.organization_id):
        EventWebhook.objects.filter(pk=webhook.pk).update(
            failing_since=NOW, tries_in_vain=DOWN_FROM, not_before=timezone.now() + timedelta(minutes=5)
        )
    for address in (page_of(webhook), reverse("admin:webhook_deliveries", args=[webhook.pk])):
        shown = alice.get(address).content.decode()
        assert "Waits until the receiver takes messages again" in shown
        assert "Goes out" not in shown
