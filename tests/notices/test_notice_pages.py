"""Pages of notices and their channels: who sees and does what, how much it costs, and what is shown once."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from standardwebhooks import Webhook

from tests.notices.notice_desk import Receiver, receiving
from tests.support.signed_in import signed_in
from tests.support.staff_and_rows import NOW
from vendor_admin.notices import delivery
from vendor_admin.notices.models import Delivery, Notice, NoticeChannel, NoticeKind
from vendor_admin.organizations.models import AuditEntry, Organization, StaffRole, User
from vendor_admin.organizations.tenancy.scope import organization_scope

NOTICES, CHANNELS = "admin:notices_notice_changelist", "admin:notices_noticechannel_changelist"
ADD = "admin:notices_noticechannel_add"
KINDS = ["locked", "plan_failed"]


@pytest.fixture
def noted(alpha: Organization) -> Callable[..., Notice]:
    """Makes a notice of Alpha."""

    def make(subject: str = "plan 1", *, organization: Organization = alpha, **values: Any) -> Notice:
        with organization_scope(organization.pk):
            return Notice.objects.create(
                **{
                    "organization": organization, "kind": "needs_approval", "subject": subject, "opened_at": NOW,
                    "title": f"Notice about {subject}", "text": "It waits.", "next_step": "Look at it.",
                    "path": "/admin/",
                } | values
            )  # fmt: skip

    return make


@pytest.fixture
def channel(alpha: Organization) -> NoticeChannel:
    with organization_scope(alpha.pk):
        return NoticeChannel.objects.create(
            organization=alpha, medium="webhook", url="https://hooks.example.com/T0/very-secret", kinds=KINDS,
            secret={"current": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, created_by="alice", created_at=NOW,
        )  # fmt: skip


def _of(organization: Organization, model: type[Any]) -> list[Any]:
    with organization_scope(organization.pk):
        return list(model.objects.order_by("id"))


def _titles(client: Client, query: str = "") -> list[str]:
    return [row.title for _, _, row in client.get(reverse(NOTICES) + query).context["rows"]]


def _bell(client: Client, address: str) -> str:
    found = re.search(r'class="va-bell"[^>]*aria-label="(\w+\+?) open alert', client.get(address).content.decode())
    assert found, "no bell"
    return found[1]


def _role(organization: Organization, role: str) -> Client:
    user = User.objects.create_user(f"{role}-{organization.slug}", password="p", kind="staff", is_staff=True)
    StaffRole.objects.create(user=user, organization=organization, role=role)
    return signed_in(user)


def test_open_notices_stand_first_then_acknowledged_then_closed(bob: Client, noted: Callable[..., Notice]) -> None:
    noted("plan 1", closed_at=NOW, resolution="It was approved.")
    noted("plan 2")
    noted("plan 3", acknowledged_at=NOW, acknowledged_by="alice")
    noted("plan 4")
    noted("plan 5", opened_at=None)  # has not lasted long enough
    assert _titles(bob) == [f"Notice about plan {number}" for number in (4, 2, 3, 1)]
    assert _titles(bob, "?state=0") == ["Notice about plan 1"]
    assert _titles(bob, "?kind=locked") == []


def test_the_list_is_paged_by_key(bob: Client, noted: Callable[..., Notice]) -> None:
    for number in range(120):
        noted(f"plan {number}", acknowledged_at=NOW if number < 60 else None)
    first = bob.get(reverse(NOTICES))
    second = bob.get(reverse(NOTICES), {"before": first.context["page"].older})
    third = bob.get(reverse(NOTICES), {"before": second.context["page"].older})
    seen = [row.subject for page in (first, second, third) for _, _, row in page.context["rows"]]
    assert seen == [f"plan {number}" for number in range(119, -1, -1)]


def test_every_page_counts_the_open_notices_of_the_organization(
    alice: Client, charlie: Client, noted: Callable[..., Notice], beta: Organization
) -> None:
    pages = [reverse("admin:index"), reverse("admin:mirrors_account_changelist"), reverse("budgets")]
    assert {_bell(alice, page) for page in pages} == {"No"}
    for number in range(3):
        noted(f"plan {number}")
    noted("plan 7", acknowledged_at=NOW)
    noted("plan 8", closed_at=NOW)
    assert {_bell(alice, page) for page in pages} == {"3"}
    assert _bell(charlie, pages[0]) == "No"
    for number in range(10, 110):
        noted(f"plan {number}")
    assert _bell(alice, pages[0]) == "99+"


def test_the_count_is_one_query_over_an_index(
    alice: Client, noted: Callable[..., Notice], alpha: Organization, admin_connection: psycopg.Connection
) -> None:
    with organization_scope(alpha.pk):
        Notice.objects.bulk_create(
            Notice(organization=alpha, kind="locked", subject=f"{number}", title="x", opened_at=NOW, closed_at=NOW)
            for number in range(3000)
        )
    noted()
    admin_connection.execute("ANALYZE notices_notice")
    with CaptureQueriesContext(connection) as captured:
        alice.get(reverse("admin:mirrors_account_changelist"))
    (query,) = [one["sql"] for one in captured if "notices_notice" in one["sql"]]
    with organization_scope(alpha.pk), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {query}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert re.search(r"notice_open_first.*\n.*Index Cond: .*standing = 2", plan), plan


def test_the_lists_take_as_many_queries_for_many_rows_as_for_few(
    alice: Client, noted: Callable[..., Notice], alpha: Organization, channel: NoticeChannel
) -> None:
    def queries() -> list[int]:
        counts = []
        for address in (
            reverse(NOTICES), reverse(CHANNELS),
            reverse("admin:notices_notice_change", args=[_of(alpha, Notice)[0].pk]),
            reverse("admin:notices_noticechannel_change", args=[channel.pk]),
        ):  # fmt: skip
            with CaptureQueriesContext(connection) as captured:
                assert alice.get(address).status_code == 200
            counts.append(len(captured))
        return counts

    def told(notice: Notice) -> None:
        with organization_scope(alpha.pk):
            Delivery.objects.create(
                organization=alpha, channel=channel, notice=notice, event="opened", message={}, not_before=NOW,
                created_at=NOW,
            )  # fmt: skip

    told(noted())
    few = queries()
    for number in range(2, 40):
        told(noted(f"plan {number}"))
        told(_of(alpha, Notice)[0])
    assert queries() == few
    assert max(few) <= 22


def test_a_notice_says_what_to_do_and_who_was_told_without_the_urls_secret_part(
    bob: Client, noted: Callable[..., Notice], alpha: Organization, channel: NoticeChannel
) -> None:
    notice = noted()
    with organization_scope(alpha.pk):
        Delivery.objects.create(
            organization=alpha, channel=channel, notice=notice, event="opened", message={}, state="sent", attempts=1,
            outcome="The receiver answered 200 OK after 3 ms.", not_before=NOW, created_at=NOW, sent_at=NOW,
        )  # fmt: skip
    text = bob.get(reverse("admin:notices_notice_change", args=[notice.pk])).content.decode()
    assert "Look at it." in text
    assert "webhook at hooks.example.com" in text
    assert "answered 200 OK" in text
    assert "very-secret" not in text


@pytest.mark.parametrize("role", ["support", "risk", "finance", "owner"])
def test_everybody_but_a_viewer_may_take_care_of_a_notice(
    alpha: Organization, noted: Callable[..., Notice], role: str
) -> None:
    notice, client = noted(), _role(alpha, role)
    assert (
        "Acknowledge</button>" in client.get(reverse("admin:notices_notice_change", args=[notice.pk])).content.decode()
    )
    assert client.post(reverse("admin:notice_acknowledge", args=[notice.pk])).status_code == 302
    (notice,) = _of(alpha, Notice)
    assert (notice.standing, notice.acknowledged_by) == (Notice.ACKNOWLEDGED, f"{role}-alpha")
    assert [one.action for one in _of(alpha, AuditEntry)] == ["notice acknowledged"]
    again = client.post(reverse("admin:notice_acknowledge", args=[notice.pk]), follow=True)
    assert "Somebody had seen it before" in again.content.decode()


def test_a_viewer_sees_notices_and_takes_care_of_none(
    bob: Client, alpha: Organization, noted: Callable[..., Notice]
) -> None:
    notice = noted()
    page = bob.get(reverse("admin:notices_notice_change", args=[notice.pk]))
    assert "Acknowledge</button>" not in page.content.decode()
    assert bob.post(reverse("admin:notice_acknowledge", args=[notice.pk])).status_code == 403
    assert _of(alpha, Notice)[0].standing == Notice.OPEN


def test_another_organizations_notices_and_channels_are_not_found(
    charlie: Client, alpha: Organization, noted: Callable[..., Notice], channel: NoticeChannel
) -> None:
    notice = noted()
    assert _titles(charlie) == []
    assert charlie.get(reverse("admin:notices_notice_change", args=[notice.pk])).status_code == 404
    assert charlie.post(reverse("admin:notice_acknowledge", args=[notice.pk])).status_code == 404
    assert charlie.get(reverse(CHANNELS)).context["rows"] == []
    assert charlie.get(reverse("admin:notices_noticechannel_change", args=[channel.pk])).status_code == 404
    for name in ("edit", "test", "secret", "remove", "switch_off", "switch_on"):
        assert charlie.post(reverse(f"admin:notice_channel_{name}", args=[channel.pk])).status_code == 404, name
    assert charlie.get(reverse("admin:notice_channel_deliveries", args=[channel.pk])).status_code == 404
    assert (_of(alpha, Notice)[0].standing, _of(alpha, Delivery), _of(alpha, AuditEntry)) == (Notice.OPEN, [], [])
    assert _of(alpha, NoticeChannel)[0].is_enabled


@pytest.mark.parametrize("role", ["viewer", "support", "risk", "finance"])
def test_only_owners_look_after_channels(alpha: Organization, channel: NoticeChannel, role: str) -> None:
    client = _role(alpha, role)
    assert reverse(CHANNELS) not in client.get(reverse("admin:index")).content.decode()
    assert client.get(reverse(CHANNELS)).status_code == 403
    assert client.get(reverse("admin:notices_noticechannel_change", args=[channel.pk])).status_code == 403
    assert client.get(reverse("admin:notice_channel_deliveries", args=[channel.pk])).status_code == 403
    assert client.post(reverse(ADD), {"url": "https://x.example", "kinds": KINDS}).status_code == 403
    for name in ("edit", "test", "secret", "remove", "switch_off", "switch_on"):
        assert client.post(reverse(f"admin:notice_channel_{name}", args=[channel.pk])).status_code == 403, name
    (left,) = _of(alpha, NoticeChannel)
    assert (left.is_enabled, left.secret["current"]) == (True, channel.secret["current"])
    assert _of(alpha, Delivery) == []


def test_verbs_are_posted(alice: Client, channel: NoticeChannel) -> None:
    for name in ("test", "secret", "switch_off", "switch_on"):
        assert alice.get(reverse(f"admin:notice_channel_{name}", args=[channel.pk])).status_code == 405, name


def test_an_owner_adds_a_webhook_and_sees_its_secret_once(alice: Client, alpha: Organization) -> None:
    page = alice.post(reverse(ADD), {"url": "https://8.8.8.8/hook?key=abc", "kinds": KINDS})
    assert "no-store" in page.headers["Cache-Control"]
    found = re.search(r'value="(whsec_[^"]+)"', page.content.decode())
    assert found
    Webhook(found[1])
    (channel,) = _of(alpha, NoticeChannel)
    assert (channel.secret, channel.kinds) == ({"current": found[1]}, KINDS)
    address = reverse("admin:notices_noticechannel_change", args=[channel.pk])
    for shown in (
        alice.get(address),
        alice.get(reverse(CHANNELS)),
        alice.get(reverse("admin:organizations_auditentry_changelist")),
    ):
        assert "whsec_" not in shown.content.decode()
    entry = _of(alpha, AuditEntry)[0]
    assert (entry.action, entry.actor, entry.new) == (
        "notice channel added",
        "alice",
        {"to": "8.8.8.8", "kinds": KINDS},
    )
    with connection.cursor() as cursor, organization_scope(alpha.pk):
        cursor.execute("SELECT secret FROM notices_noticechannel")
        assert "whsec" not in cursor.fetchone()[0]

    renewed = alice.post(reverse("admin:notice_channel_secret", args=[channel.pk])).content.decode()
    assert "For one day" in renewed
    (channel,) = _of(alpha, NoticeChannel)
    assert channel.secret["current"] in renewed
    assert channel.secret["previous"] == found[1]


def test_an_owner_adds_changes_switches_and_removes_a_mail_channel(
    alice: Client, alpha: Organization, settings: Any
) -> None:
    settings.EMAIL_URL = "memorymail://"
    alice.post(reverse(ADD), {"addresses": "a@alpha.example\nb@alpha.example", "kinds": NoticeKind.values})
    (channel,) = _of(alpha, NoticeChannel)
    assert channel.addresses == ["a@alpha.example", "b@alpha.example"]
    edit = reverse("admin:notice_channel_edit", args=[channel.pk])
    assert "b@alpha.example" in alice.get(edit).content.decode()
    alice.post(edit, {"addresses": "c@alpha.example", "kinds": ["locked"]})
    alice.post(reverse("admin:notice_channel_switch_off", args=[channel.pk]))
    (channel,) = _of(alpha, NoticeChannel)
    assert (channel.addresses, channel.kinds, channel.is_enabled) == (["c@alpha.example"], ["locked"], False)
    assert "off" in alice.get(reverse(CHANNELS)).content.decode()
    alice.post(reverse("admin:notice_channel_switch_on", args=[channel.pk]))
    assert _of(alpha, NoticeChannel)[0].is_enabled
    remove = reverse("admin:notice_channel_remove", args=[channel.pk])
    assert "Remove it" in alice.get(remove).content.decode()
    alice.post(remove)
    assert _of(alpha, NoticeChannel) == []
    assert [one.action.removeprefix("notice channel ") for one in _of(alpha, AuditEntry)] == [
        "added", "changed", "switched off", "switched on", "removed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kinds": KINDS}, "Give e-mail addresses or a webhook URL"),
        ({"addresses": "a@b.example", "url": "https://8.8.8.8/", "kinds": KINDS}, "Give e-mail addresses or a webhook"),
        ({"url": "https://8.8.8.8/"}, "This field is required"),
        ({"url": "https://8.8.8.8/", "kinds": ["weather"]}, "not one of the available choices"),
        ({"url": "https://10.0.0.1/", "kinds": KINDS}, "private network"),
        ({"url": "http://8.8.8.8/", "kinds": KINDS}, "must begin with https://"),
        ({"addresses": "nobody", "kinds": KINDS}, "is not an e-mail address"),
        ({"addresses": "\n".join(f"a{n}@b.example" for n in range(11)), "kinds": KINDS}, "between one and 10"),
    ],
)
def test_what_cannot_be_a_channel_is_said_in_the_form(
    alice: Client, alpha: Organization, settings: Any, given: dict[str, Any], said: str
) -> None:
    settings.EMAIL_URL, settings.ALLOW_INTERNAL_PLATFORM_HOSTS = "memorymail://", False
    assert said in alice.post(reverse(ADD), given).content.decode()
    assert _of(alpha, NoticeChannel) == []


def test_without_a_mail_server_the_form_says_so(alice: Client, alpha: Organization) -> None:
    assert "no mail server" in alice.get(reverse(ADD)).content.decode()
    answer = alice.post(reverse(ADD), {"addresses": "a@b.example", "kinds": KINDS})
    assert "whoever runs it sets EMAIL_URL" in answer.content.decode()
    assert _of(alpha, NoticeChannel) == []


def test_a_twenty_first_channel_is_refused(alice: Client, alpha: Organization, channel: NoticeChannel) -> None:
    with organization_scope(alpha.pk):
        for _ in range(19):
            channel.pk = None
            channel.save(force_insert=True)
    answer = alice.post(reverse(ADD), {"url": "https://8.8.8.8/", "kinds": KINDS})
    assert "There are 20 channels already" in answer.content.decode()


def test_a_test_message_shows_what_the_receiver_answered(
    alice: Client, alpha: Organization, channel: NoticeChannel, settings: Any
) -> None:
    settings.DEBUG = True
    with receiving(Receiver(answers=[401])) as receiver:
        with organization_scope(alpha.pk):
            NoticeChannel.objects.update(url=receiver.url)
        page = alice.post(reverse("admin:notice_channel_test", args=[channel.pk]), follow=True).content.decode()
        assert "is on its way" in page
        again = alice.post(reverse("admin:notice_channel_test", args=[channel.pk]), follow=True).content.decode()
        assert "on its way already" in again
        assert delivery.deliver_due(now=timezone.now() + timedelta(seconds=1)) == 1
    assert len(receiver.got) == 1
    part = alice.get(reverse("admin:notice_channel_deliveries", args=[channel.pk])).content.decode()
    assert "The receiver answered 401 Unauthorized after" in part
    assert "<html" not in part
    assert "failing" in alice.get(reverse(CHANNELS)).content.decode()


def test_an_operator_outside_an_organization_sees_no_notices(olga: Client, noted: Callable[..., Notice]) -> None:
    noted()
    assert _titles(olga) == []
    assert "va-bell" not in olga.get(reverse("admin:index")).content.decode()
