"""Verbs on event webhooks and their deliveries. Must run inside the organization's scope."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from vendor_admin.errors import Conflict, Fault, InvalidFields
from vendor_admin.notices import webhooks
from vendor_admin.notices.event_webhooks.bodies import TEST_TYPE, test_body
from vendor_admin.notices.event_webhooks.switching import record, start_feed, switch_off, switch_on
from vendor_admin.notices.models import EventWebhook, WebhookDelivery, WebhookFeed
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.platform_access.addresses import host_of
from vendor_admin.sync.events.event_types import is_event_type
from vendor_admin.sync.events.reading import ends_of_logs
from vendor_admin.sync.log.cursor import LogCursor

MOST_WEBHOOKS: Final = 20
MOST_TYPES: Final = 100
LONGEST_DESCRIPTION: Final = 200
MOST_RESENT: Final = 1_000
LOG_IS_KEPT: Final = timedelta(days=7)
CHANGEABLE: Final = ("url", "description", "event_types", "is_with_object", "is_enabled")


def add_webhook(
    *, organization: Organization, values: Mapping[str, Any], actor: Actor, now: datetime, request_id: str = ""
) -> tuple[EventWebhook, str]:
    """Send events that happen from now on; returns the signing secret, which is shown this once.

    `values` are some of CHANGEABLE. Raises InvalidFields and Conflict.
    """
    checked = _checked(values, is_new=True)
    if EventWebhook.objects.filter(organization=organization).count() >= MOST_WEBHOOKS:
        raise Conflict(f"There are {MOST_WEBHOOKS} webhooks already. Remove one first.", code="too_many")
    secret = webhooks.new_secret()
    end = ends_of_logs([organization.pk]).get(organization.pk, LogCursor())
    webhook = EventWebhook.objects.create(
        organization=organization,
        secret={"current": secret},
        from_tx=end.tx,
        from_id=end.id,
        created_by=actor.key,
        created_at=now,
        **checked,
    )
    start_feed(organization.pk, now=now)
    record(webhook, "webhook added", actor=actor, request_id=request_id, new=_shown(webhook))
    return webhook, secret


def change_webhook(
    *, webhook: EventWebhook, values: Mapping[str, Any], actor: Actor, now: datetime, request_id: str = ""
) -> None:
    """Change some of CHANGEABLE. Raises InvalidFields."""
    checked = _checked(values, is_new=False)
    is_enabled = checked.pop("is_enabled", webhook.is_enabled)
    old = _shown(webhook)
    for name, value in checked.items():
        setattr(webhook, name, value)
    if checked:
        webhook.save(update_fields=list(checked))
        record(webhook, "webhook changed", actor=actor, request_id=request_id, old=old, new=_shown(webhook))
    if is_enabled and not webhook.is_enabled:
        switch_on(webhook=webhook, actor=actor, now=now, request_id=request_id)
    elif webhook.is_enabled and not is_enabled:
        switch_off(webhook=webhook, actor=actor, request_id=request_id)


def roll_secret(*, webhook: EventWebhook, actor: Actor, now: datetime, request_id: str = "") -> str:
    """A new signing secret, shown this once. For a day messages carry the signatures of both."""
    secret = webhooks.new_secret()
    locked = EventWebhook.objects.select_for_update(of=("self",)).get(pk=webhook.pk)
    locked.secret = {"current": secret, "previous": locked.secret.get("current", "")}
    locked.secret_changed_at = now
    locked.save(update_fields=["secret", "secret_changed_at"])
    record(webhook, "webhook's secret renewed", actor=actor, request_id=request_id)
    return secret


def remove_webhook(*, webhook: EventWebhook, actor: Actor, request_id: str = "") -> None:
    """Forget the webhook and the log of what was sent to it."""
    record(webhook, "webhook removed", actor=actor, request_id=request_id, old=_shown(webhook))
    WebhookDelivery.objects.filter(webhook=webhook).delete()
    webhook.delete()


def send_test(*, webhook: EventWebhook, actor: Actor, now: datetime, request_id: str = "") -> WebhookDelivery:
    """Queue a test event. Raises Conflict where the webhook is off, or another test is on its way."""
    _refuse_off(webhook)
    EventWebhook.objects.select_for_update(of=("self",)).defer("secret").get(pk=webhook.pk)
    waiting = WebhookDelivery.objects.filter(webhook=webhook, state=WebhookDelivery.State.WAITING)
    if waiting.filter(event_type=TEST_TYPE).exists():
        raise Conflict("A test event is on its way already.", code="test_under_way")
    version = WebhookFeed.objects.values_list("version", flat=True).filter(organization=webhook.organization).first()
    record(webhook, "webhook tested", actor=actor, request_id=request_id)
    return WebhookDelivery.objects.create(
        organization=webhook.organization,
        webhook=webhook,
        event_type=TEST_TYPE,
        subject=TEST_TYPE,
        version=version or 0,
        body=test_body(asked_by=str(actor), version=version or 0, now=now),
        not_before=now,
        created_at=now,
    )


def resend(*, delivery: WebhookDelivery, actor: Actor, now: datetime, request_id: str = "") -> WebhookDelivery:
    """Send the same again, under the same id and marked. Raises Conflict while it is on its way or the webhook off."""
    webhook = delivery.webhook
    _refuse_off(webhook)
    EventWebhook.objects.select_for_update(of=("self",)).defer("secret").get(pk=webhook.pk)
    same = WebhookDelivery.objects.filter(webhook=webhook, message_id=delivery.message_id)
    if same.filter(state=WebhookDelivery.State.WAITING).exists():
        raise Conflict("This event is on its way already.", code="under_way")
    (made,) = _again([delivery], now=now)
    record(webhook, "webhook delivery sent again", actor=actor, request_id=request_id, new={"delivery": delivery.pk})
    return made


def resend_range(
    *, webhook: EventWebhook, since: datetime, until: datetime, actor: Actor, now: datetime, request_id: str = ""
) -> int:
    """Send again what was made for a webhook in a time and is not on its way: once each, in its order.

    Returns how many. Raises InvalidFields where they are more than MOST_RESENT, and Conflict where the webhook is off.
    """
    _refuse_off(webhook)
    if until <= since:
        raise InvalidFields([Fault("until", "invalid", "until must be later than since.")])
    EventWebhook.objects.select_for_update(of=("self",)).defer("secret").get(pk=webhook.pk)
    rows = WebhookDelivery.objects.filter(webhook=webhook, created_at__gte=since, created_at__lt=until)
    waiting = WebhookDelivery.objects.filter(webhook=webhook, state=WebhookDelivery.State.WAITING)
    rows = (
        rows.filter(is_resend=False).exclude(message_id__in=waiting.values("message_id")).exclude(event_type=TEST_TYPE)
    )
    found = list(rows.order_by("id")[: MOST_RESENT + 1])
    if len(found) > MOST_RESENT:
        raise InvalidFields([Fault("until", "too_many", f"That is more than {MOST_RESENT}. Take a shorter time.")])
    _again(found, now=now)
    told = {"since": since.isoformat(), "until": until.isoformat(), "count": len(found)}
    record(webhook, "webhook deliveries sent again", actor=actor, request_id=request_id, new=told)
    return len(found)


def _again(deliveries: Iterable[WebhookDelivery], *, now: datetime) -> list[WebhookDelivery]:
    made: list[WebhookDelivery] = WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            organization_id=delivery.organization_id,
            webhook_id=delivery.webhook_id,
            event_id=delivery.event_id,
            event_type=delivery.event_type,
            subject=delivery.subject,
            version=delivery.version,
            message_id=delivery.message_id,
            body=delivery.body,
            is_resend=True,
            not_before=now,
            created_at=now,
        )
        for delivery in deliveries
    )
    return made


def _refuse_off(webhook: EventWebhook) -> None:
    if not webhook.is_enabled:
        raise Conflict("The webhook is off. Switch it on first.", code="webhook_is_off")


def _checked(values: Mapping[str, Any], *, is_new: bool) -> dict[str, Any]:
    faults = [Fault(name, "unknown_field", f"There is no field {name!r}.") for name in values if name not in CHANGEABLE]
    checked: dict[str, Any] = {}
    for name, check in _CHECKS.items():
        if name not in values:
            if is_new and name in ("url", "event_types"):
                faults.append(Fault(name, "required", "This is needed."))
            continue
        try:
            checked[name] = check(values[name])
        except ValueError as problem:
            faults.append(Fault(name, "invalid", str(problem)))
    if faults:
        raise InvalidFields(faults)
    return checked


def _url(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("Give a text.")  # noqa: TRY004 - what is wrong with a value, whatever it is
    if problem := webhooks.problem_of_url(value.strip()):
        raise ValueError(problem)
    return value.strip()


def _description(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_DESCRIPTION or "\0" in value:
        raise ValueError(f"Give a text of {LONGEST_DESCRIPTION} letters at most.")
    return value.strip()


def _event_types(value: object) -> list[str]:
    if not isinstance(value, list) or not value or len(value) > MOST_TYPES:
        raise ValueError(f"Give a list of 1 to {MOST_TYPES} event types.")
    unknown = [name for name in value if not isinstance(name, str) or not is_event_type(name)]
    if unknown:
        raise ValueError(f"There is no event type {str(unknown[0])[:60]!r}. account.* means all of accounts.")
    return list(dict.fromkeys(value))


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("Give true or false.")  # noqa: TRY004 - as above
    return value


_CHECKS: Final = {
    "url": _url,
    "description": _description,
    "event_types": _event_types,
    "is_with_object": _flag,
    "is_enabled": _flag,
}


def _shown(webhook: EventWebhook) -> dict[str, Any]:
    """For the audit. A URL's path may be a secret of its receiver, so only its host is kept."""
    return {
        "to": host_of(webhook.url),
        "event_types": list(webhook.event_types),
        "is_with_object": webhook.is_with_object,
    }
