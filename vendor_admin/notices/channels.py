"""What owners do with the places that notices go to: add, change, switch off and on, new secret, test, remove.

Every verb runs inside the organization's scope and is written to the audit. Looking up a URL's host takes up to some
seconds, so it comes before anything is locked.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from vendor_admin.errors import Conflict, InvalidFields
from vendor_admin.notices import email, outbox, webhooks
from vendor_admin.notices.messages import trial_message
from vendor_admin.notices.models import Delivery, NoticeChannel, NoticeKind
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.platform_access.addresses import host_of

MOST_CHANNELS = 20
MOST_ADDRESSES = 10


def add_email_channel(
    *,
    organization: Organization,
    addresses: Iterable[str],
    kinds: Iterable[str],
    actor: Actor,
    now: datetime,
    request_id: str = "",
) -> NoticeChannel:
    """Send notices of these kinds to people's addresses. Raises InvalidFields and Conflict."""
    values = {"addresses": _checked_addresses(addresses), "kinds": _checked_kinds(kinds)}
    return _add(organization, NoticeChannel.Medium.EMAIL, values, actor=actor, now=now, request_id=request_id)


def add_webhook(
    *,
    organization: Organization,
    url: str,
    kinds: Iterable[str],
    actor: Actor,
    now: datetime,
    request_id: str = "",
) -> tuple[NoticeChannel, str]:
    """Send notices of these kinds to a program; returns the signing secret, which is shown this once.

    Raises InvalidFields and Conflict.
    """
    secret = webhooks.new_secret()
    values = {"url": _checked_url(url), "kinds": _checked_kinds(kinds), "secret": {"current": secret}}
    channel = _add(organization, NoticeChannel.Medium.WEBHOOK, values, actor=actor, now=now, request_id=request_id)
    return channel, secret


def change_channel(*, channel: NoticeChannel, changes: Mapping[str, Any], actor: Actor, request_id: str = "") -> None:
    """Change `addresses` or `url`, and `kinds`. Raises InvalidFields."""
    old = _as_json(channel)
    if "kinds" in changes:
        channel.kinds = _checked_kinds(changes["kinds"])
    if "addresses" in changes:
        channel.addresses = _checked_addresses(changes["addresses"])
    if "url" in changes:
        channel.url = _checked_url(changes["url"])
    channel.save(update_fields=["kinds", "addresses", "url"])
    _record(channel, "notice channel changed", actor=actor, request_id=request_id, old=old, new=_as_json(channel))


def switch_off(*, channel: NoticeChannel, actor: Actor, request_id: str = "") -> None:
    """Send nothing more there. What still waited is not sent later either."""
    NoticeChannel.objects.filter(pk=channel.pk).update(is_enabled=False)
    outbox.withdraw_waiting(channel, why="The channel was switched off.")
    _record(channel, "notice channel switched off", actor=actor, request_id=request_id)


def switch_on(*, channel: NoticeChannel, actor: Actor, request_id: str = "") -> None:
    """Send what happens from now on."""
    NoticeChannel.objects.filter(pk=channel.pk).update(is_enabled=True, problem="", failing_since=None)
    _record(channel, "notice channel switched on", actor=actor, request_id=request_id)


def renew_secret(*, channel: NoticeChannel, actor: Actor, now: datetime, request_id: str = "") -> str:
    """A new signing secret, shown this once. For a day messages carry the signatures of both. Raises Conflict."""
    if channel.medium != NoticeChannel.Medium.WEBHOOK:
        raise Conflict("Only webhooks are signed.", code="not_signed")
    secret = webhooks.new_secret()
    locked = NoticeChannel.objects.select_for_update().get(pk=channel.pk)
    locked.secret = {"current": secret, "previous": locked.secret.get("current", "")}
    locked.secret_changed_at = now
    locked.save(update_fields=["secret", "secret_changed_at"])
    _record(channel, "notice channel's secret renewed", actor=actor, request_id=request_id)
    return secret


def remove_channel(*, channel: NoticeChannel, actor: Actor, request_id: str = "") -> None:
    """Forget the channel and what was sent to it."""
    _record(channel, "notice channel removed", actor=actor, request_id=request_id, old=_as_json(channel))
    channel.delete()


def send_test(*, channel: NoticeChannel, actor: Actor, now: datetime, request_id: str = "") -> Delivery:
    """Queue a test message; its row tells what came of it. Raises Conflict while another is on its way."""
    tests = Delivery.objects.filter(channel=channel, event=Delivery.Event.TEST, state=Delivery.State.WAITING)
    NoticeChannel.objects.select_for_update(of=("self",)).defer("secret").get(pk=channel.pk)
    if tests.exists():
        raise Conflict("A test message is on its way already. Its outcome appears below.", code="test_under_way")
    made = Delivery.objects.create(
        organization_id=channel.organization_id,
        channel=channel,
        event=Delivery.Event.TEST,
        message=trial_message(organization=channel.organization, actor=actor, now=now),
        not_before=now,
        created_at=now,
    )
    _record(channel, "notice channel tested", actor=actor, request_id=request_id)
    outbox.deliver_soon()
    return made


def _add(
    organization: Organization, medium: str, values: Mapping[str, Any], *, actor: Actor, now: datetime, request_id: str
) -> NoticeChannel:
    if NoticeChannel.objects.filter(organization=organization).count() >= MOST_CHANNELS:
        raise Conflict(f"There are {MOST_CHANNELS} channels already. Remove one first.", code="too_many")
    channel = NoticeChannel.objects.create(
        organization=organization, medium=medium, created_by=actor.key, created_at=now, **values
    )
    _record(channel, "notice channel added", actor=actor, request_id=request_id, new=_as_json(channel))
    return channel


def _checked_addresses(addresses: Iterable[str]) -> list[str]:
    if not email.can_send():
        raise InvalidFields.from_texts({"addresses": email.NO_MAIL_SERVER})
    given = list(dict.fromkeys(address.strip() for address in addresses if address.strip()))
    if not given or len(given) > MOST_ADDRESSES:
        raise InvalidFields.from_texts({"addresses": f"Give between one and {MOST_ADDRESSES} addresses."})
    for address in given:
        try:
            validate_email(address)
        except ValidationError:
            raise InvalidFields.from_texts({"addresses": f"“{address[:100]}” is not an e-mail address."}) from None
    return given


def _checked_url(url: str) -> str:
    if problem := webhooks.problem_of_url(url.strip()):
        raise InvalidFields.from_texts({"url": problem})
    return url.strip()


def _checked_kinds(kinds: Iterable[str]) -> list[str]:
    given = set(kinds)
    if not given or not given <= set(NoticeKind.values):
        raise InvalidFields.from_texts({"kinds": "Choose at least one kind of notice."})
    return [kind for kind in NoticeKind.values if kind in given]


def _as_json(channel: NoticeChannel) -> dict[str, Any]:
    """For the audit. A URL's path may be a secret of its receiver, so only its host is kept."""
    to = host_of(channel.url) if channel.medium == NoticeChannel.Medium.WEBHOOK else list(channel.addresses)
    return {"to": to, "kinds": list(channel.kinds)}


def _record(channel: NoticeChannel, action: str, *, actor: Actor, request_id: str, **values: Any) -> None:
    audit.record(
        organization=channel.organization,
        actor=actor,
        action=action,
        subject=channel.label,
        request_id=request_id,
        **values,
    )
