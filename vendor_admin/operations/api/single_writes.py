"""Writes about one thing, as addresses of their own: each is a plan of one row.

A feature's api.py gives its views methods made by `writes`:

    class BalanceChanges(WriteView):
        post = writes("change_balances", subject="account", operation_id="change_balance", tag="Balances", summary=...)
"""

from collections.abc import Callable, Mapping
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vendor_admin.amounts import read_id
from vendor_admin.errors import Fault, InvalidFields, NotFound
from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.operations.api.bodies import object_of
from vendor_admin.operations.api.json_schemas import body_schema
from vendor_admin.operations.api.making import DRY_RUN, answer, ask_right, plan_of
from vendor_admin.operations.api.schemas import PlanWithRows
from vendor_admin.operations.inputs.declaration import NoParameters, input_of
from vendor_admin.operations.inputs.described import fields_of
from vendor_admin.operations.inputs.references import ID

Handler = Callable[..., Response]
DRY_RUN_PARAMETER = OpenApiParameter(
    DRY_RUN, bool, description="Preview alone: what would change, what is skipped and why. Nothing is sent."
)
WAIT_HEADER = OpenApiParameter(
    "Prefer", str, OpenApiParameter.HEADER, description="`wait=N`: answer with the outcome if it is there in N seconds."
)


def writes(kind_name: str, *, subject: str = "", operation_id: str, tag: str, summary: str) -> Handler:
    """Make the method of a view that makes a plan of one row.

    `subject` is the row's field that the address names, if it names one. A plan's parameters stand in the body beside
    the row's fields.
    """

    @extend_schema(
        operation_id=operation_id,
        tags=[tag],
        summary=summary,
        description=_description(kind_name),
        request={"application/json": body_schema(kind_name, without=subject)},
        responses={200: PlanWithRows, 202: PlanWithRows},
        parameters=[DRY_RUN_PARAMETER, WAIT_HEADER],
    )
    def handle(view: APIView, request: Request, **address: Any) -> Response:
        return answer(request, _plan(request, kind_name, object_of(request), subject=subject, address=address))

    return handle


def _plan(request: Request, kind_name: str, body: dict[str, Any], *, subject: str, address: Mapping[str, Any]) -> Any:
    ask_right(request, kind_name)
    takes = input_of(kind_name)
    reason = body.pop("reason", None)
    of_plan = fields_of(takes.parameters).keys() if takes.parameters is not NoParameters else set()
    parameters = {name: body.pop(name) for name in list(body) if name in of_plan}
    if subject:
        if subject in body:
            raise InvalidFields([Fault(subject, "unknown_field", "is named by the address already.")])
        body[subject] = address["id"]
        if fields_of(takes.row)[subject].refers_to == ID and not _is_there(takes.row.entity_type, address["id"]):
            raise NotFound(f"There is no {subject.replace('_', ' ')} {address['id'][:20]} here.")
    try:
        return plan_of(
            request, kind_name=kind_name, rows=[body], parameters=parameters, reason=reason, pointer=_of_one_row
        )
    except InvalidFields as invalid:
        if subject and any(fault.field == f"/{subject}" for fault in invalid.faults):
            raise NotFound(f"There is no {subject.replace('_', ' ')} {address['id'][:64]} here.") from None
        raise


def _is_there(entity_type: str, word: str) -> bool:
    """Whether the organization has, or had, a thing of this id: previews skip what is gone, and say so."""
    entity_id = read_id(word)
    return entity_id is not None and mirror_models()[entity_type].objects.filter(entity_id=entity_id).exists()


def _of_one_row(pointer: str) -> str:
    """Where a part of a plan of one row stands in the body: its row and its parameters are the body itself."""
    for prefix in ("/rows/0", "/parameters"):
        if pointer.startswith(prefix):
            return pointer.removeprefix(prefix)
    return pointer


def _description(kind_name: str) -> str:
    row = input_of(kind_name).row
    return f"{row.__doc__}\n\nMakes a plan of the kind `{kind_name}`."
