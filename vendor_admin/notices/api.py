"""Webhooks by the partner API: where events are sent, what was sent, and sending it again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from vendor_admin.errors import Fault, InvalidFields
from vendor_admin.moments import read_moment
from vendor_admin.notices.event_webhooks import verbs
from vendor_admin.notices.models import EventWebhook, WebhookDelivery
from vendor_admin.operations.api.bodies import body_of
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.partner_api.authentication import Token
from vendor_admin.partner_api.idempotency.views import IdempotentWrites
from vendor_admin.partner_api.reading.fields import Flag, Moment, PlatformId, Whole, Word
from vendor_admin.partner_api.reading.filters import Filters, FlagFilter, IdsFilter, WordChoiceFilter, WordFilter
from vendor_admin.partner_api.reading.resources import Resource, writer_of
from vendor_admin.partner_api.reading.views import ReadingViewSet, organization_id_of

SCOPES = ("webhooks:manage",)
_TYPES = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": verbs.MOST_TYPES}
_PROPERTIES: dict[str, Any] = {
    "url": {"type": "string", "maxLength": 500, "description": "An https:// address that takes POST requests."},
    "event_types": _TYPES | {"description": "As the page on events lists them; `account.*` means all of accounts."},
    "with_object": {"type": "boolean", "description": "Send the object as received; else ids and a link."},
    "description": {"type": "string", "maxLength": verbs.LONGEST_DESCRIPTION},
    "is_enabled": {"type": "boolean", "description": "false: send nothing, nor later what happens meanwhile."},
}
_BODY = {"type": "object", "properties": _PROPERTIES, "additionalProperties": False}
_NEW_BODY = _BODY | {"required": ["url", "event_types"]}
_MOMENT = {"type": "string", "format": "date-time"}
_RANGE_BODY = {
    "type": "object",
    "properties": {"since": _MOMENT, "until": _MOMENT},
    "required": ["since", "until"],
    "additionalProperties": False,
}
_NO_BODY = {"type": "object", "properties": {}, "additionalProperties": False}


class WebhookSchema(Resource):
    """An address that events are sent to."""

    id = PlatformId(source="pk", help_text="Its id.")
    url = Word(help_text="Where events go.")
    description = Word(help_text="Your own words for it.")
    event_types = serializers.ListField(child=serializers.CharField(), help_text="Which events.")
    with_object = Flag(source="is_with_object", help_text="Whether the object comes along; else ids and a link.")
    is_enabled = Flag(help_text="Whether events are sent.")
    off_because = Word(help_text="Why we switched it off; empty where we did not.")
    problem = Word(help_text="What the last try failed of; empty where it arrived.")
    failing_since = Moment(allow_null=True, help_text="Since when nothing has arrived.")
    last_arrival_at = Moment(source="arrived_at", allow_null=True, help_text="When something last arrived.")
    secret_changed_at = Moment(
        allow_null=True, help_text="When its secret was rolled. For a day the former one signs as well."
    )
    created_at = Moment(help_text="When it was added.")


class WebhookWithSecret(WebhookSchema):
    """A webhook with its new signing secret."""

    secret = Word(help_text="The signing secret, whsec_…: shown this once.")


class AnswerSchema(serializers.Serializer[Any]):
    """What came of one try."""

    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True)
    text = serializers.CharField(help_text="In words.")
    said = serializers.CharField(help_text="The beginning of the receiver's answer.")


class DeliverySchema(Resource):
    """One event sent to one webhook."""

    id = PlatformId(source="pk", help_text="Its id.")
    message_id = Word(source="header_id", help_text="The header webhook-id: the same at each try and resend.")
    event_id = PlatformId(allow_null=True, help_text="The event; null for a test.")
    event_type = Word(help_text="Its type.")
    version = Whole(help_text="Grows with each event of your organization.")
    state = Word(help_text="waiting, sent, failed (given up) or withdrawn (the webhook was switched off).")
    is_resend = Flag(help_text="Whether somebody asked for it to be sent again.")
    attempts = Whole(help_text="How many tries there were.")
    next_try_at = Moment(allow_null=True, help_text="When it is tried next, where it waits.")
    body = Word(help_text="What is sent, as it is signed.")
    answers = AnswerSchema(many=True)
    created_at = Moment(help_text="When it was made.")
    ended_at = Moment(allow_null=True, help_text="When it arrived, or was given up.")


class ResentSchema(serializers.Serializer[Any]):
    """How many are sent again."""

    count = serializers.IntegerField()


class WebhookFilters(Filters):
    """What the list of webhooks can be narrowed by."""

    is_enabled = FlagFilter(field_name="is_enabled", help_text="true: those that events are sent to.")


class DeliveryFilters(Filters):
    """What the log of deliveries can be narrowed by."""

    state = WordChoiceFilter([state.value for state in WebhookDelivery.State], help_text="What came of it.")
    event_type = WordFilter(field_name="event_type", help_text="An event type.")
    event_id = IdsFilter(field_name="event_id", help_text="Ids of events.")


class Webhooks(IdempotentWrites, ReadingViewSet):
    """Where events are sent."""

    model = EventWebhook
    serializer_class = WebhookSchema
    filterset_class = WebhookFilters
    noun, collection, tag = "webhook", "webhooks", "Webhooks"
    orders = {"id": ("id",)}
    required_scopes = SCOPES

    def rows(self, request: Request) -> QuerySet[Any]:
        rows = EventWebhook.objects.filter(organization_id=organization_id_of(request))
        return rows.select_related("organization").defer("secret")

    def found(self, request: Request, entity_id: int) -> Any:
        return self.rows(request).filter(pk=entity_id).first()

    @extend_schema(request={"application/json": _NEW_BODY}, responses={201: WebhookWithSecret})
    def create(self, request: Request) -> Response:
        """Send events that happen from now on. The signing secret is in this answer alone."""
        organization = cast(Token, request.auth).organization
        with _faults_by_their_names():
            webhook, secret = verbs.add_webhook(organization=organization, values=_values(request), **_of(request))
        return Response(_told(webhook) | {"secret": secret}, status=201)

    @extend_schema(request={"application/json": _BODY}, responses=WebhookSchema)
    def partial_update(self, request: Request, id: str) -> Response:  # noqa: A002 - as the address has it
        """Change it, or switch it off and on."""
        webhook = self.one(request, id)
        with _faults_by_their_names():
            verbs.change_webhook(webhook=webhook, values=_values(request), **_of(request))
        return Response(_told(self.one(request, id)))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:  # noqa: A002
        """Remove it with its log."""
        given = _of(request)
        given.pop("now")
        verbs.remove_webhook(webhook=self.one(request, id), **given)
        return Response(status=204)

    @extend_schema(request={"application/json": _NO_BODY}, responses=WebhookWithSecret)
    def roll_secret(self, request: Request, id: str) -> Response:  # noqa: A002
        """Make a new signing secret. For a day messages carry the signatures of both."""
        body_of(request, fields=())
        webhook = self.one(request, id)
        secret = verbs.roll_secret(webhook=webhook, **_of(request))
        return Response(_told(self.one(request, id)) | {"secret": secret})

    @extend_schema(request={"application/json": _NO_BODY}, responses={202: DeliverySchema})
    def test(self, request: Request, id: str) -> Response:  # noqa: A002
        """Send a test event."""
        body_of(request, fields=())
        made = verbs.send_test(webhook=self.one(request, id), **_of(request))
        return Response(_delivery_told(made), status=202)

    @extend_schema(request={"application/json": _RANGE_BODY}, responses={202: ResentSchema})
    def resend(self, request: Request, id: str) -> Response:  # noqa: A002
        """Send again what was made for it in a time, a thousand at most."""
        webhook, body = self.one(request, id), body_of(request, fields=("since", "until"))
        since, until = (_moment(body, name) for name in ("since", "until"))
        count = verbs.resend_range(webhook=webhook, since=since, until=until, **_of(request))
        return Response({"count": count}, status=202)


class Deliveries(IdempotentWrites, ReadingViewSet):
    """The log of what was sent to a webhook: a week of it."""

    model = WebhookDelivery
    serializer_class = DeliverySchema
    filterset_class = DeliveryFilters
    noun, collection, tag = "delivery", "deliveries", "Webhooks"
    orders = {"id": ("id",)}
    required_scopes = SCOPES

    def rows(self, request: Request) -> QuerySet[Any]:
        webhook = Webhooks().one(request, self.kwargs["webhook_id"])
        return WebhookDelivery.objects.filter(webhook=webhook)

    def found(self, request: Request, entity_id: int) -> Any:
        rows = self.rows(request).select_related("webhook__organization").defer("webhook__secret")
        return rows.filter(pk=entity_id).first()

    def collection_of(self, request: Request) -> str:
        return f"deliveries of webhook {self.kwargs['webhook_id']}"

    def retrieve(self, request: Request, id: str, **address: str) -> Response:  # noqa: A002
        return super().retrieve(request, id)

    @extend_schema(request={"application/json": _NO_BODY}, responses={202: DeliverySchema})
    def resend(self, request: Request, id: str, **address: str) -> Response:  # noqa: A002
        """Send the same again, under the same id and marked."""
        body_of(request, fields=())
        made = verbs.resend(delivery=self.one(request, id), **_of(request))
        return Response(_delivery_told(made), status=202)


def _values(request: Request) -> dict[str, Any]:
    """The body by the names of the verbs."""
    given = body_of(request, fields=tuple(_PROPERTIES))
    if "with_object" in given:
        given["is_with_object"] = given.pop("with_object")
    return given


@contextmanager
def _faults_by_their_names() -> Iterator[None]:
    try:
        yield
    except InvalidFields as problem:
        names = {"is_with_object": "with_object"}
        raise InvalidFields(replace(one, field=names.get(one.field, one.field)) for one in problem.faults) from None


def _of(request: Request) -> dict[str, Any]:
    """Who asks, when, and by which request."""
    token, request_id = cast(Token, request.auth), getattr(request, "request_id", "")
    return {"actor": token.actor, "now": database_clock.now(), "request_id": request_id}


def _told(webhook: EventWebhook) -> dict[str, Any]:
    return writer_of(WebhookSchema)(webhook)


def _delivery_told(delivery: WebhookDelivery) -> dict[str, Any]:
    return writer_of(DeliverySchema)(delivery)


def _moment(body: dict[str, Any], name: str) -> Any:
    moment = read_moment(body[name]) if isinstance(body.get(name), str) else None
    if moment is None:
        raise InvalidFields([Fault(name, "invalid", "Give a time in RFC 3339: 2026-11-20T15:00:00Z.")])
    return moment
