"""Dry runs by the partner API: what the platform would say to orders, without placing them."""

from collections.abc import Mapping
from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from risk.dry_runs.dry_run import DryRuns, request_dry_run, rows_of
from risk.dry_runs.inputs import DryRunToAsk, read_dry_run
from risk.dry_runs.verdicts import Verdict, verdicts_of, would_all_be_taken
from vendor_admin.amounts import read_id
from vendor_admin.errors import Fault, InvalidFields, NotFound
from vendor_admin.operations.api.bodies import object_of
from vendor_admin.operations.api.json_schemas import object_schema
from vendor_admin.operations.api.making import sentence_of, told_later
from vendor_admin.operations.api.single_writes import WAIT_HEADER
from vendor_admin.operations.api.waiting import seconds_of, wait_for
from vendor_admin.operations.models import ReadJob, ReadJobRow
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.partner_api.authentication import Token
from vendor_admin.partner_api.idempotency.views import IdempotentWrites
from vendor_admin.partner_api.reading.fields import Amount, Moment, PlatformId, write_moment
from vendor_admin.partner_api.reading.parameters import read_parameters

TAG = "Trading"
AMOUNTS: Mapping[str, tuple[str, str]] = {
    "margin_before": ("before_initial_margin_req", "Initial margin that is needed without the order."),
    "margin_after": ("initial_margin_req", "Initial margin that is needed with it."),
    "total_cash": ("total_cash", "Cash."),
    "net_liquidation": ("net_liq_value", "Cash and the profit or loss of open positions."),
    "cash_required": ("total_cash_required", "Cash that is needed with the order."),
    "excess": ("excess", "What is left of it with the order; below zero it does not suffice."),
    "fees": ("future_comm_and_fees", "Commission and fees, as the platform estimates them."),
}
"""What an answer says of money, by our names: the answer's attribute, and words."""
POSITIONS: Mapping[str, tuple[str, str]] = {
    "position_before": ("before_net_pos", "Net position in the contract now; short ones are negative."),
    "largest_long": ("hypo_long_pos", "The largest long position that the platform reckons with (`hypoLongPos`)."),
    "largest_short": ("hypo_short_pos", "The largest short position that it reckons with (`hypoShortPos`)."),
}
"""The same of contracts."""


class VerdictSchema(serializers.Serializer[dict[str, Any]]):
    """What the platform says to one order, as if those before it were placed. Amounts are in the account's currency;
    null: not said.
    """

    contract = serializers.CharField(help_text="The contract's name.")
    contract_id = PlatformId(help_text="The contract.")
    action = serializers.CharField(help_text="Buy or Sell.")
    quantity = serializers.IntegerField(help_text="How many contracts.")
    order_type = serializers.CharField(help_text="The platform's word.")
    price = Amount(allow_null=True, help_text="The limit.")
    stop_price = Amount(allow_null=True, help_text="Where a stop goes off.")
    state = serializers.ChoiceField(ReadJobRow.State.choices, help_text="waiting, answered or refused.")
    why = serializers.CharField(allow_null=True, help_text="Why the platform says nothing of it.")
    would_be_taken = serializers.BooleanField(allow_null=True, help_text="Whether the platform would take it.")
    reject_reason = serializers.CharField(allow_null=True, help_text="The platform's word for why it would not.")
    reject_text = serializers.CharField(allow_null=True, help_text="The same in plain words.")
    comment = serializers.CharField(allow_null=True, help_text="The platform's own text.")
    is_exit = serializers.BooleanField(allow_null=True, help_text="Whether it closes and opens nothing.")
    position_after = serializers.IntegerField(
        allow_null=True, help_text="Net position once it and the orders before it are filled, and nothing else is."
    )
    read_at = Moment(allow_null=True, help_text="When the platform answered.")

    def get_fields(self) -> dict[str, Any]:
        amounts = {name: Amount(allow_null=True, help_text=words) for name, (_, words) in AMOUNTS.items()}
        positions = {
            name: serializers.IntegerField(allow_null=True, help_text=words) for name, (_, words) in POSITIONS.items()
        }
        return super().get_fields() | amounts | positions


class DryRunSchema(serializers.Serializer[dict[str, Any]]):
    """What the platform would say to orders of an account. Nothing was placed, and it holds for that moment alone."""

    id = serializers.CharField()
    account_id = PlatformId(help_text="The account.")
    state = serializers.ChoiceField(ReadJob.State.choices, help_text="running or finished.")
    would_be_taken = serializers.BooleanField(
        allow_null=True, help_text="Whether the platform would take all of them; null while that is not known."
    )
    waits_because = serializers.CharField(allow_null=True, help_text="Why it is not asked at this moment.")
    orders = VerdictSchema(many=True)


class NewDryRun(IdempotentWrites):
    """Asks the platform whether it would take orders, one after the other. Nothing is placed or changed."""

    required_scopes = ("snapshots:request",)

    @extend_schema(
        operation_id="try_orders",
        tags=[TAG],
        summary="Ask the platform whether it would take orders, without placing them",
        request={"application/json": object_schema(DryRunToAsk)},
        responses={200: DryRunSchema, 202: DryRunSchema},
        parameters=[WAIT_HEADER],
    )
    def post(self, request: Request) -> Response:
        read_parameters(request.query_params, known=())
        token, now = cast(Token, request.auth), database_clock.now()
        try:
            asked = read_dry_run(object_of(request), organization_id=token.organization.pk, now=now)
        except InvalidFields as invalid:
            raise InvalidFields(Fault(one.field, one.code, sentence_of(one)) for one in invalid.faults) from None
        job = request_dry_run(
            organization=token.organization,
            account_id=asked.account_id,
            orders=asked.orders,
            actor=token.actor,
            now=now,
            request_id=getattr(request, "request_id", ""),
        )
        told = _told(job)
        response = Response(told, status=_status_of(told), headers={"Location": f"/api/v1/order-dry-runs/{job.pk}"})
        if (seconds := seconds_of(request)) and response.status_code == 202:
            response.after_commit = lambda: _later(response, job, seconds=seconds)  # type: ignore[attr-defined]
        return response


class OrderDryRun(APIView):
    """What the platform answered."""

    required_scopes = ("accounts:read",)

    @extend_schema(operation_id="get_order_dry_run", tags=[TAG], responses=DryRunSchema)
    def get(self, request: Request, id: str) -> Response:  # noqa: A002 - as the address has it
        number = read_id(id)
        found = ReadJob.objects.filter(pk=number or 0, kind=DryRuns.name).first()
        if found is None:
            raise NotFound(f"There is no dry run {id[:20]}.")
        return Response(_told(found))


def _told(job: ReadJob) -> dict[str, Any]:
    rows = list(rows_of(job))
    verdicts = verdicts_of(rows)
    is_waiting = any(row.state == ReadJobRow.State.WAITING for row in rows)
    return {
        "id": str(job.pk),
        "account_id": str(rows[0].target_id),
        "state": ReadJob.State.RUNNING if is_waiting else ReadJob.State.FINISHED,
        "would_be_taken": would_all_be_taken(verdicts),
        "waits_because": job.wait_why or None if is_waiting else None,
        "orders": [_verdict(verdict) for verdict in verdicts],
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    order, details = verdict.order.request, verdict.details
    amounts = ((name, getattr(details, attribute, None)) for name, (attribute, _) in AMOUNTS.items())
    return {
        "contract": verdict.order.contract,
        "contract_id": str(order.contract_id),
        "action": order.action,
        "quantity": order.order_qty,
        "order_type": order.order_type,
        "price": _amount(order.price),
        "stop_price": _amount(order.stop_price),
        "state": verdict.state,
        "why": verdict.why or None,
        "would_be_taken": verdict.would_be_taken,
        "reject_reason": verdict.reason or None,
        "reject_text": verdict.words or None,
        "comment": verdict.comment or None,
        "is_exit": getattr(details, "is_exit_order", None),
        "position_after": verdict.position_after,
        "read_at": None if verdict.read_at is None else write_moment(verdict.read_at),
        **{name: _amount(value) for name, value in amounts},
        **{name: getattr(details, attribute, None) for name, (attribute, _) in POSITIONS.items()},
    }


def _amount(value: Any) -> str | None:
    return None if value is None else Amount.write(value)


def _status_of(told: Mapping[str, Any]) -> int:
    return 202 if told["state"] == ReadJob.State.RUNNING else 200


def _later(first: Response, job: ReadJob, *, seconds: int) -> Any:
    def look() -> dict[str, Any] | None:
        told = _told(ReadJob.objects.get(pk=job.pk))
        return told if _status_of(told) == 200 else None

    told = wait_for(look, organization_id=job.organization_id, seconds=seconds)
    return None if told is None else told_later(first, told, status=200, seconds=seconds)
