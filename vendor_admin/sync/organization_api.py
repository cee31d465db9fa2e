"""The organization by the partner API: its sockets, what they do, and how old the newest event is."""

from datetime import datetime
from types import SimpleNamespace
from typing import cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vendor_admin.organizations.models import ENVIRONMENTS
from vendor_admin.partner_api.authentication import Token
from vendor_admin.partner_api.reading.ages import AgingResponse
from vendor_admin.partner_api.reading.fields import Choice, Flag, Moment, PlatformId, Whole, Word
from vendor_admin.partner_api.reading.parameters import read_parameters
from vendor_admin.partner_api.reading.resources import Resource, writer_of
from vendor_admin.sync.models import SyncState
from vendor_admin.sync.status import SocketStatus, socket_statuses


class Socket(Resource):
    """One connection to the platform, by which it tells of everything that happens."""

    environment = Choice(ENVIRONMENTS, help_text="The platform's environment that it is to.")
    shard = Whole(help_text="Which of the environment's sockets it is, from 0.")
    state = Choice(SyncState.choices, help_text="What it is doing. While it is live, all that you read is up to date.")
    state_text = Word(help_text="The state in words.")
    since = Moment(allow_null=True, help_text="When the state began.")
    reason = Word(help_text="Why it is in this state; empty while it is live.")
    advice = Word(help_text="What to do about it; empty while it is live.")
    heard_at = Moment(allow_null=True, help_text="When the platform last sent anything over it.")
    newest_event_at = Moment(allow_null=True, help_text="When its newest event came.")
    newest_event_age_seconds = Whole(allow_null=True, help_text="How many seconds ago that was.")
    next_try_at = Moment(allow_null=True, help_text="When a waiting socket is opened again.")
    gap_count = Whole(help_text="How many gaps there were: times in which events may have been missed.")


class OrganizationTold(Resource):
    """Your organization."""

    id = PlatformId(help_text="Its number here.")
    slug = Word(help_text="Its name in addresses.")
    name = Word(help_text="Its name.")
    is_simulated = Flag(help_text="Whether it is connected to a simulated platform.")
    is_up_to_date = Flag(help_text="Whether every socket is live.")
    sockets = Socket(many=True, help_text="Its sockets to the platform.")


class OrganizationDetail(APIView):
    """Your organization with its sockets: whether what you read is up to date, and since when it is not."""

    required_scopes: tuple[str, ...] = ()
    resource = "organization"
    tag = "Organization"

    @extend_schema(operation_id="get_organization", responses=OrganizationTold)
    def get(self, request: Request) -> Response:
        """Get your organization with its sockets.

        `state` tells of each socket whether what you read is up to date, `newest_event_age_seconds` how long nothing
        has happened.
        """
        read_parameters(request.query_params, known=())
        organization = cast(Token, request.auth).organization
        now = timezone.now()
        statuses = socket_statuses(organizations=[organization], now=now)
        told = SimpleNamespace(
            id=organization.pk,
            slug=organization.slug,
            name=organization.name,
            is_simulated=organization.is_simulated,
            is_up_to_date=bool(statuses) and all(status["state"] == SyncState.LIVE for status in statuses),
            sockets=[
                _told(status, now=now)
                for status in sorted(statuses, key=lambda status: (status["environment"], status["shard"]))
            ],
        )
        return AgingResponse(writer_of(OrganizationTold)(told))


def _told(status: SocketStatus, *, now: datetime) -> SimpleNamespace:
    heard_at, newest = status["last_frame_at"], status["last_event_at"]
    return SimpleNamespace(
        **{name: status[name] for name in ("environment", "shard", "state", "reason", "advice", "next_try_at")},
        state_text=SyncState(status["state"]).label,
        since=status["state_since"],
        heard_at=heard_at,
        newest_event_at=newest,
        newest_event_age_seconds=None if newest is None else max(0, int((now - newest).total_seconds())),
        gap_count=status["gaps"],
    )
