"""The shape of events, for the reference of the partner API."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers

from vendor_admin.sync.events.event_types import KIND_NAMES
from vendor_admin.sync.events.query import LARGEST_PAGE, LONGEST_WAIT_SECONDS, USUAL_PAGE


class EventTold(serializers.Serializer[Any]):
    """One thing that happened."""

    id = serializers.CharField(help_text="Its id; the cursor alone orders events.")
    type = serializers.CharField(help_text="What happened, for example account.locked.")
    entity_type = serializers.CharField(help_text="What it is about, in the platform's word.")
    entity_id = serializers.CharField(help_text="The id of that.")
    kind = serializers.ChoiceField([*KIND_NAMES.values(), "service"], help_text="How it came to be known.")
    environment = serializers.CharField(allow_null=True, help_text="demo or live; null for what is of this service.")
    received_at = serializers.DateTimeField(help_text="When it arrived here.")
    is_resync = serializers.BooleanField(help_text="Whether it was found after a gap.")
    account_id = serializers.CharField(allow_null=True, help_text="The account, where one is known.")
    member_id = serializers.CharField(allow_null=True, help_text="The member, where one is known.")
    object = serializers.JSONField(help_text="The entity as the platform sent it.")


class EventLag(serializers.Serializer[Any]):
    """What is stored and cannot be told yet, since a transaction from before it is still open."""

    seconds = serializers.FloatField(help_text="How long the oldest of it has waited.")
    rows = serializers.IntegerField(help_text="How many events, roughly.")
    horizon = serializers.JSONField(help_text="Where reading stops.")


class EventPageTold(serializers.Serializer[Any]):
    """A page of events."""

    data = EventTold(many=True)  # type: ignore[assignment]  # a field by the name of what serializers have themselves
    next_cursor = serializers.CharField(help_text="Give it as `after` to read on.")
    has_more = serializers.BooleanField(help_text="Whether more is there already.")
    lag = EventLag(allow_null=True, help_text="Null where nothing is held back.")


_NUMBER: dict[str, Any] = {"type": "integer", "minimum": 1}

describes_event_list = extend_schema(
    operation_id="list_events",
    tags=["Events"],
    summary="List what happened, from a cursor on",
    responses=EventPageTold,
    parameters=[
        OpenApiParameter("after", str, description="A `next_cursor`; `latest` for the end. Left out: from the oldest."),
        OpenApiParameter(
            "wait",
            {"type": "integer", "minimum": 0, "maximum": LONGEST_WAIT_SECONDS, "default": 0},
            description="How many seconds to wait for the first event, at the end.",
        ),
        OpenApiParameter("types", str, description="Event types with commas between them; `account.*` for all of one."),
        OpenApiParameter("account", _NUMBER, description="An account's platform id."),
        OpenApiParameter("member", _NUMBER, description="A member's platform id."),
        OpenApiParameter(
            "limit", {**_NUMBER, "maximum": LARGEST_PAGE, "default": USUAL_PAGE}, description="Events at most."
        ),
    ],
)
"""What the schema says of the event list."""
