"""Cash snapshots by the partner API: an account's money as the platform itself says it now, on demand."""

from collections.abc import Mapping
from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.trading_accounts.cash_snapshot import CashSnapshots, answer_of, request_cash_snapshot
from vendor_admin.amounts import read_id
from vendor_admin.errors import NotFound
from vendor_admin.mirrors.models import Account
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.operations.api.making import WriteView, told_later
from vendor_admin.operations.api.single_writes import WAIT_HEADER
from vendor_admin.operations.api.waiting import seconds_of, wait_for
from vendor_admin.operations.models import ReadJob, ReadJobRow
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.partner_api.authentication import Token
from vendor_admin.partner_api.reading.fields import Amount, Moment, PlatformId, write_moment
from vendor_admin.tradovate.catalogue.answers import CashBalanceSnapshotAnswer

TAG = "Balances"
AMOUNTS: Mapping[str, tuple[str, str]] = {
    "total_cash": ("total_cash_value", "Cash, with what is realized today."),
    "net_liquidation": ("net_liq", "Cash and the profit or loss of open positions."),
    "open_profit": ("open_pnl", "Profit or loss of open positions."),
    "realized_profit": ("realized_pnl", "Profit or loss that is realized today."),
    "week_realized_profit": ("week_realized_pnl", "Profit or loss that is realized this week."),
    "total_profit": ("total_pnl", "Profit or loss in all."),
    "initial_margin": ("initial_margin", "Margin to open what is open."),
    "maintenance_margin": ("maintenance_margin", "Margin to keep it."),
    "auto_liq_level": ("auto_liq_level", "The value at which the platform liquidates."),
}
"""What a snapshot says, by our names: the answer's attribute, and words."""


class SnapshotSchema(serializers.Serializer[dict[str, Any]]):
    """An account's money as the platform said it. Amounts are in the account's currency; null: not said."""

    id = serializers.CharField()
    account_id = PlatformId(help_text="The account.")
    state = serializers.ChoiceField(ReadJobRow.State.choices, help_text="waiting, answered or refused.")
    why = serializers.CharField(allow_null=True, help_text="Why there is no answer.")
    read_at = Moment(allow_null=True, help_text="When the platform answered.")
    waits_because = serializers.CharField(allow_null=True, help_text="Why it is not asked at this moment.")

    def get_fields(self) -> dict[str, Any]:
        return super().get_fields() | {
            name: Amount(allow_null=True, help_text=words) for name, (_, words) in AMOUNTS.items()
        }


class NewSnapshot(WriteView):
    """Asks the platform about one account. It changes nothing."""

    required_scopes = ("snapshots:request",)

    @extend_schema(
        operation_id="request_cash_snapshot",
        tags=[TAG],
        summary="Ask the platform for an account's cash as it is now",
        request=None,
        responses={200: SnapshotSchema, 202: SnapshotSchema},
        parameters=[WAIT_HEADER],
    )
    def post(self, request: Request, id: str) -> Response:  # noqa: A002 - as the address has it
        token = cast(Token, request.auth)
        account = _account(id, organization_id=token.organization.pk)
        job = request_cash_snapshot(
            organization=token.organization,
            account_id=account.entity_id,
            environment=account.environment,
            actor=token.actor,
            now=database_clock.now(),
            request_id=getattr(request, "request_id", ""),
        )
        told = _told(job)
        response = Response(told, status=_status_of(told), headers={"Location": f"/api/v1/cash-snapshots/{job.pk}"})
        if (seconds := seconds_of(request)) and response.status_code == 202:
            response.after_commit = lambda: _later(response, job, seconds=seconds)  # type: ignore[attr-defined]
        return response


class Snapshot(APIView):
    """What the platform answered."""

    required_scopes = ("accounts:read",)

    @extend_schema(operation_id="get_cash_snapshot", tags=[TAG], responses=SnapshotSchema)
    def get(self, request: Request, id: str) -> Response:  # noqa: A002
        number = read_id(id)
        found = ReadJob.objects.filter(pk=number or 0, kind=CashSnapshots.name).first()
        if found is None:
            raise NotFound(f"There is no cash snapshot {id[:20]}.")
        return Response(_told(found))


def _account(word: str, *, organization_id: int) -> Account:
    number = read_id(word)
    found: Account | None = load(Account, organization_id=organization_id, ids=[number]).get(number, "demo")
    if found is None:
        raise NotFound(f"There is no account {word[:20]} here.")
    return found


def _told(job: ReadJob) -> dict[str, Any]:
    """The first account's snapshot: the API asks about one at a time."""
    row = ReadJobRow.objects.filter(job=job).order_by("position")[0]
    answer = answer_of(row) or CashBalanceSnapshotAnswer()
    amounts = ((name, getattr(answer, attribute)) for name, (attribute, _) in AMOUNTS.items())
    return {
        "id": str(job.pk),
        "account_id": str(row.target_id),
        "state": row.state,
        "why": row.why or None,
        "read_at": None if row.read_at is None else write_moment(row.read_at),
        "waits_because": job.wait_why or None if row.state == ReadJobRow.State.WAITING else None,
        **{name: None if value is None else Amount.write(value) for name, value in amounts},
    }


def _status_of(told: Mapping[str, Any]) -> int:
    return 202 if told["state"] == ReadJobRow.State.WAITING else 200


def _later(first: Response, job: ReadJob, *, seconds: int) -> Any:
    def look() -> dict[str, Any] | None:
        told = _told(ReadJob.objects.get(pk=job.pk))
        return told if _status_of(told) == 200 else None

    told = wait_for(look, organization_id=job.organization_id, seconds=seconds)
    return None if told is None else told_later(first, told, status=200, seconds=seconds)
