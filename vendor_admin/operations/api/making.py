"""Makes a plan of what a program asks for, and answers with it: the one way of every write of the partner API."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from django.http import HttpResponse, JsonResponse
from rest_framework.request import Request
from rest_framework.response import Response

from vendor_admin.errors import Conflict, Fault, InvalidFields
from vendor_admin.operations.api.answers import plan_with_rows
from vendor_admin.operations.api.waiting import seconds_of, wait_for_plan
from vendor_admin.operations.inputs.declaration import input_of
from vendor_admin.operations.inputs.reading import read_plan
from vendor_admin.operations.kinds import kind_of
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.plan_work import unseen_plans
from vendor_admin.operations.plans import authors
from vendor_admin.operations.plans.preview import preview
from vendor_admin.operations.plans.verbs import NOTHING_TO_DO
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.partner_api.authentication import Token
from vendor_admin.partner_api.idempotency.views import WRITES, IdempotentWrites
from vendor_admin.partner_api.reading.parameters import read_parameters
from vendor_admin.partner_api.request_errors import InvalidParameters, ParameterFault

MOST_ROWS: Final = 10_000
LONGEST_REASON: Final = 500
DRY_RUN: Final = "dry_run"
_YES_OR_NO: Final = {"true": True, "false": False, "1": True, "0": False}


ASKED_BY_VERBS: Final[Mapping[str, tuple[str, ...]]] = dict.fromkeys(WRITES, ())
"""The scopes of writes, for views that also read: any program may ask, and the plan's verbs say what it may."""


class WriteView(IdempotentWrites):
    """A view that makes plans or moves them on. The rights that a plan needs are asked for by its verbs.

    A dry run needs no idempotency key: it changes nothing at the platform.
    """

    required_scopes: tuple[str, ...] | Mapping[str, tuple[str, ...]] = ()

    def needs_key(self, request: Request) -> bool:
        return super().needs_key(request) and not is_dry_run(request)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method in WRITES:
            read_parameters(request.query_params, known=(DRY_RUN,))
        super().initial(request, *args, **kwargs)


def ask_right(request: Request, kind_name: str) -> None:
    """Raise NotAllowed where the program lacks the kind's right: before what it sent is read or looked up.

    What its token allows was looked up with the token: that costs no query.
    """
    token, right = cast(Token, request.auth), kind_of(kind_name).right
    if right not in token.rights:
        authors.require(token.actor, right, organization_id=token.organization.pk)


def plan_of(
    request: Request,
    *,
    kind_name: str,
    rows: Sequence[object],
    parameters: object,
    reason: object,
    pointer: Callable[[str], str] = str,
) -> Plan:
    """Preview what a program asks for, and start it unless it is a dry run.

    `pointer` says where a part of the plan stands in what the program sent. Raises InvalidFields, NotAllowed, and
    Conflict where every row is skipped.
    """
    token, now, request_id = cast(Token, request.auth), database_clock.now(), getattr(request, "request_id", "")
    asked = _read(kind_name, rows=rows, parameters=parameters, organization_id=token.organization.pk, pointer=pointer)
    plan = preview(
        organization=token.organization,
        kind_name=kind_name,
        targets=asked.targets,
        parameters=asked.parameters,
        actor=token.actor,
        reason=reason_of(reason),
        now=now,
        request_id=request_id,
    )
    return start_unless_dry(request, plan)


def start_unless_dry(request: Request, plan: Plan) -> Plan:
    """Start a plan that was just previewed, or that a worker previews, unless the request is a dry run."""
    if is_dry_run(request):
        return plan
    token, request_id = cast(Token, request.auth), getattr(request, "request_id", "")
    try:
        return unseen_plans.start(plan=plan, actor=token.actor, now=database_clock.now(), request_id=request_id)
    except Conflict as refused:
        if refused.code == NOTHING_TO_DO:
            raise Conflict(_why_all_skipped(plan) or refused.text, code="all_rows_skipped") from None
        raise


def answer(request: Request, plan: Plan) -> Response:
    """Answer with a plan: 200 once nothing more happens to it, 202 while it is carried out.

    Where the caller waits for the outcome, the answer comes with it, if it is there in time.
    """
    told = plan_with_rows(plan)
    response = Response(told, status=_status_of(told), headers={"Location": f"/api/v1/plans/{plan.pk}"})
    seconds = seconds_of(request)
    if seconds and response.status_code == 202:
        response.after_commit = _later(  # type: ignore[attr-defined]  # read by the partner API's middleware
            response, plan, seconds=seconds
        )
    return response


def is_dry_run(request: Request) -> bool:
    """Whether the request asks for a preview alone. Raises InvalidParameters."""
    given = request.query_params.get(DRY_RUN, "false").lower()
    if given not in _YES_OR_NO:
        raise InvalidParameters([ParameterFault(DRY_RUN, "unknown_value", f"{DRY_RUN} must be true or false.")])
    return _YES_OR_NO[given]


def reason_of(given: object) -> str:
    """The reason that a program gives. Raises InvalidFields."""
    if given is None:
        return ""
    if not isinstance(given, str) or not given.isprintable():
        raise InvalidFields([Fault("reason", "wrong_type", "must be a text on one line.")])
    if len(given) > LONGEST_REASON:
        raise InvalidFields([Fault("reason", "too_long", f"must have at most {LONGEST_REASON} characters.")])
    return given.strip()


def sentence_of(fault: Fault) -> str:
    """The text of a fault, which may go on from its field's name, as a sentence of its own."""
    if not fault.text[:1].islower():
        return fault.text
    name = fault.field.rsplit("/", 1)[-1]
    return f"{'This' if not name or name.isdecimal() else name} {fault.text}"


def _read(
    kind_name: str, *, rows: Sequence[object], parameters: object, organization_id: int, pointer: Callable[[str], str]
) -> Any:
    try:
        return read_plan(input_of(kind_name), rows=rows, parameters=parameters, organization_id=organization_id)
    except InvalidFields as invalid:
        raise InvalidFields(Fault(pointer(one.field), one.code, sentence_of(one)) for one in invalid.faults) from None


def _why_all_skipped(plan: Plan) -> str:
    """Why the first of its rows are skipped: with the transaction they go, so the error says it."""
    skipped = plan.rows.filter(state=PlanRow.State.SKIPPED).order_by("position")[:3]
    whys = [f"{row.label}: {row.why}" for row in skipped]
    return f"Nothing was done, since every row is skipped. {' '.join(whys)}" if whys else ""


def _status_of(told: Mapping[str, Any]) -> int:
    is_under_way = told["state"] in (Plan.State.DRAFTING, Plan.State.HELD, Plan.State.RUNNING, Plan.State.WAITING)
    return 202 if is_under_way else 200


def _later(first: Response, plan: Plan, *, seconds: int) -> Callable[[], HttpResponse | None]:
    """What answers once the plan is stored: with its outcome, or as at first."""

    def finish() -> HttpResponse | None:
        told = wait_for_plan(plan.pk, organization_id=plan.organization_id, seconds=seconds)
        return None if told is None else told_later(first, told, status=_status_of(told), seconds=seconds)

    return finish


def told_later(first: Response, told: Mapping[str, Any], *, status: int, seconds: int) -> HttpResponse:
    """The answer to a caller who waited: with what is known now, and the headers of the first one."""
    response = JsonResponse(told, status=status)
    for name, value in first.items():
        if name not in ("Content-Type", "Content-Length"):
            response[name] = value
    response["Preference-Applied"] = f"wait={seconds}"
    return response
