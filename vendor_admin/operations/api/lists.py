"""Lists of plans, of their rows, and of operations by the partner API."""

from types import SimpleNamespace
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vendor_admin.operations.api.answers import operations_told, plans_told, results_told, rows_told
from vendor_admin.operations.api.making import ASKED_BY_VERBS, WriteView, answer
from vendor_admin.operations.api.new_plans import PLAN_BODY, new_plan
from vendor_admin.operations.api.schemas import OperationSchema, PlanSchema, PlanWithRows, ResultSchema, RowSchema
from vendor_admin.operations.api.single_writes import DRY_RUN_PARAMETER, WAIT_HEADER
from vendor_admin.operations.api.views import plan_or_404
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.partner_api.reading.files import FILE_FORMAT, CsvRenderer, NdjsonRenderer, pages_of, stream_file
from vendor_admin.partner_api.reading.filters import Filters, FlagFilter, IdsFilter, WordChoiceFilter, WordFilter
from vendor_admin.partner_api.reading.parameters import read_parameters
from vendor_admin.partner_api.reading.views import ReadingViewSet, organization_id_of

# Ten thousand rows of some eight hundred bytes.
LARGEST_PLAN = 8 * 1024 * 1024


class PlanFilters(Filters):
    """What the list of plans can be narrowed by."""

    id = IdsFilter(help_text="Numbers of plans, with commas between them: up to 200.")
    state = WordChoiceFilter([state.value for state in Plan.State], help_text="Where the plan stands.")
    kind = WordFilter(help_text="A plan kind.")


class Plans(WriteView, ReadingViewSet):
    """Plans: made, and listed with the newest first."""

    model = Plan
    serializer_class = PlanSchema
    filterset_class = PlanFilters
    noun, collection, tag = "plan", "plans", "Plans"
    orders = {"id": ("id",)}
    required_scopes = {"GET": ("operations:read",), **ASKED_BY_VERBS}
    largest_body = LARGEST_PLAN

    def rows(self, request: Request) -> QuerySet[Any]:
        return Plan.objects.filter(organization_id=organization_id_of(request))

    def join(self, rows: list[Any], *, request: Request) -> None:
        rows[:] = [SimpleNamespace(**told) for told in plans_told(rows, organization_id=organization_id_of(request))]

    @extend_schema(
        operation_id="create_plan",
        tags=["Plans"],
        summary="Make a plan of up to 10,000 rows",
        request={"application/json": PLAN_BODY},
        responses={200: PlanWithRows, 202: PlanWithRows},
        parameters=[DRY_RUN_PARAMETER, WAIT_HEADER],
    )
    def create(self, request: Request) -> Response:
        return answer(request, new_plan(request))


class RowFilters(Filters):
    """What the rows of a plan can be narrowed by."""

    state = WordChoiceFilter([state.value for state in PlanRow.State], help_text="What came of the row.")


class PlanRows(ReadingViewSet):
    """The rows of a plan, in its order."""

    model = PlanRow
    serializer_class = RowSchema
    filterset_class = RowFilters
    noun, collection, tag = "row", "plan rows", "Plans"
    orders = {"position": ("position",)}
    default_order = "position"
    required_scopes = {"GET": ("operations:read",)}

    def rows(self, request: Request) -> QuerySet[Any]:
        plan = plan_or_404(self.kwargs["id"])
        return PlanRow.objects.filter(plan=plan).select_related("operation")

    def collection_of(self, request: Request) -> str:
        return f"rows of plan {self.kwargs['id']}"

    def join(self, rows: list[Any], *, request: Request) -> None:
        rows[:] = [SimpleNamespace(**told) for told in rows_told(rows, organization_id=organization_id_of(request))]


class PlanResults(APIView):
    """Every row of a plan and what came of it, as a file."""

    renderer_classes = (CsvRenderer, NdjsonRenderer)
    required_scopes = ("operations:read",)

    @extend_schema(
        operation_id="get_plan_results",
        tags=["Plans"],
        summary="Download the rows of a plan",
        parameters=[FILE_FORMAT],
        responses={(200, CsvRenderer.media_type): str, (200, NdjsonRenderer.media_type): ResultSchema},
    )
    def get(self, request: Request, id: str) -> StreamingHttpResponse:  # noqa: A002 - as the address has it
        read_parameters(request.query_params, known=("format",))
        plan, organization_id = plan_or_404(id), organization_id_of(request)

        def join(rows: list[Any]) -> None:
            rows[:] = [SimpleNamespace(**told) for told in results_told(rows, organization_id=organization_id)]

        pages = pages_of(
            lambda: PlanRow.objects.filter(plan=plan).select_related("operation"),
            key=("position",),
            join=join,
            organization_id=organization_id,
        )
        return stream_file(
            request, row_class=ResultSchema, pages=pages, name=f"plan-{plan.pk}", organization_id=organization_id
        )


class OperationFilters(Filters):
    """What the list of operations can be narrowed by."""

    plan = IdsFilter(field_name="plan_id", help_text="The number of a plan.")
    needs_person = FlagFilter(field_name="needs_person", help_text="true: those whose outcome somebody has to decide.")


class Operations(ReadingViewSet):
    """Calls of the platform, the newest first."""

    model = Operation
    serializer_class = OperationSchema
    filterset_class = OperationFilters
    noun, collection, tag = "operation", "operations", "Operations"
    orders = {"id": ("id",)}
    required_scopes = {"GET": ("operations:read",)}

    def rows(self, request: Request) -> QuerySet[Any]:
        return Operation.objects.filter(organization_id=organization_id_of(request)).select_related("plan")

    def join(self, rows: list[Any], *, request: Request) -> None:
        rows[:] = [SimpleNamespace(**told) for told in operations_told(rows)]
