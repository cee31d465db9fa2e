"""Plans and operations by the partner API: made, read, confirmed and stopped by the same verbs as in the admin."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vendor_admin.amounts import read_id
from vendor_admin.errors import NotFound
from vendor_admin.operations.api.answers import operations_told, plan_with_rows
from vendor_admin.operations.api.bodies import body_of
from vendor_admin.operations.api.json_schemas import REASON, parameters_schema, row_schema
from vendor_admin.operations.api.making import WriteView, answer, reason_of, start_unless_dry
from vendor_admin.operations.api.schemas import OperationSchema, PlanKindList, PlanKindSchema, PlanWithRows
from vendor_admin.operations.api.single_writes import DRY_RUN_PARAMETER, WAIT_HEADER
from vendor_admin.operations.inputs.declaration import example_of, input_of, kinds_with_input
from vendor_admin.operations.kinds import kind_of
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.plans import verbs
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.partner_api.authentication import Token
from vendor_admin.partner_api.scopes import scopes_with

_REASON_BODY = {"type": "object", "properties": {"reason": dict(REASON)}, "additionalProperties": False}


class PlanKinds(APIView):
    """What plans there can be, and what each takes."""

    required_scopes = ()

    @extend_schema(operation_id="list_plan_kinds", tags=["Plans"], responses=PlanKindList)
    def get(self, request: Request) -> Response:
        return Response({"data": [_kind_told(kind.name) for kind in kinds_with_input()], "next_cursor": None})


class PlanKindDetail(APIView):
    """One kind of plan, with the JSON Schema of its rows."""

    required_scopes = ()

    @extend_schema(operation_id="get_plan_kind", tags=["Plans"], responses=PlanKindSchema)
    def get(self, request: Request, name: str) -> Response:
        if name not in {kind.name for kind in kinds_with_input()}:
            raise NotFound(f"There is no plan kind {name[:64]}. GET /api/v1/plan-kinds lists them.")
        return Response(_kind_told(name))


class PlanDetail(APIView):
    """One plan, with its rows where they are few."""

    required_scopes = ("operations:read",)

    @extend_schema(operation_id="get_plan", tags=["Plans"], responses=PlanWithRows)
    def get(self, request: Request, id: str) -> Response:  # noqa: A002 - the address's word
        return Response(plan_with_rows(plan_or_404(id)))


class PlanVerb(WriteView):
    """What people do with a plan, by program: one address for each verb."""

    required_scopes: tuple[str, ...] = ()
    verb: Callable[..., Plan]
    makes_new = False
    """Whether the verb makes another plan, which starts unless it is a dry run."""

    def post(self, request: Request, id: str) -> Response:  # noqa: A002
        token, body = cast(Token, request.auth), body_of(request, fields=("reason",))
        plan = type(self).verb(
            plan=plan_or_404(id),
            actor=token.actor,
            now=database_clock.now(),
            reason=reason_of(body.get("reason")),
            request_id=getattr(request, "request_id", ""),
        )
        return answer(request, start_unless_dry(request, plan) if self.makes_new else plan)


class OperationDetail(APIView):
    """One call of the platform."""

    required_scopes = ("operations:read",)

    @extend_schema(operation_id="get_operation", tags=["Operations"], responses=OperationSchema)
    def get(self, request: Request, id: str) -> Response:  # noqa: A002
        found = Operation.objects.select_related("plan").filter(short_id=id.upper()).first()
        if found is None:
            raise NotFound(f"There is no operation {id[:20]}.")
        [told] = operations_told([found])
        return Response(told)


def plan_or_404(given: str) -> Plan:
    """The organization's plan of this number. Raises NotFound."""
    found = Plan.objects.select_related("organization").filter(pk=read_id(given) or 0).first()
    if found is None:
        raise NotFound(f"There is no plan {given[:20]}.")
    return found


def _kind_told(name: str) -> dict[str, Any]:
    kind, takes = kind_of(name), input_of(name)
    example: dict[str, Any] = {"kind": name, "rows": [example_of(takes.row)]}
    if parameters := example_of(takes.parameters):
        example["parameters"] = parameters
    return {
        "name": name,
        "title": kind.title,
        "description": takes.row.__doc__,
        "is_about_money": kind.is_money,
        "consequence": getattr(kind, "consequence", None),
        "scopes": scopes_with(kind.right),
        "row": row_schema(name),
        "parameters": parameters_schema(name),
        "example": example,
    }


def _without_reason(verb: Callable[..., Plan], *, with_time: bool = True) -> Callable[..., Plan]:
    def call(*, reason: str, now: Any, **given: Any) -> Plan:
        return verb(now=now, **given) if with_time else verb(**given)

    return call


def _view(
    name: str, verb: Callable[..., Plan], summary: str, *, scopes: tuple[str, ...] = (), makes_new: bool = False
) -> type[PlanVerb]:
    parameters = [DRY_RUN_PARAMETER, WAIT_HEADER] if makes_new else [WAIT_HEADER]

    class View(PlanVerb):
        @extend_schema(
            operation_id=f"{name}_plan",
            tags=["Plans"],
            summary=summary,
            request={"application/json": _REASON_BODY},
            responses={200: PlanWithRows, 202: PlanWithRows},
            parameters=parameters,
        )
        def post(self, request: Request, id: str) -> Response:  # noqa: A002
            return super().post(request, id)

    View.verb = staticmethod(verb)
    View.makes_new = makes_new
    View.required_scopes = scopes
    View.__name__ = f"{name.title()}Plan"
    return View


VERBS: Mapping[str, type[PlanVerb]] = {
    "confirm": _view("confirm", verbs.confirm, "Start a previewed plan, or hand it to a second person"),
    "approve": _view(
        "approve", _without_reason(verbs.approve), "Approve a plan as its second person", scopes=("plans:approve",)
    ),
    "pause": _view("pause", _without_reason(verbs.pause, with_time=False), "Send nothing more until it is resumed"),
    "resume": _view("resume", _without_reason(verbs.resume), "Go on with a paused plan"),
    "cancel": _view("cancel", verbs.cancel, "Send nothing more; what was done stays done"),
    "discard": _view("discard", _without_reason(verbs.discard), "Throw a preview away"),
    "retry": _view(
        "retry", _without_reason(verbs.retry_failed), "Try again what was refused or not come to", makes_new=True
    ),
    "revert": _view("revert", verbs.revert, "Restore what it changed, as it was before", makes_new=True),
}
