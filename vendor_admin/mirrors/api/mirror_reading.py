"""Lists of mirrors by the partner API: found by platform id, in the order of the platform's ids.

The platform's environments number their entities independently, so a list is of one of them: the one that its entities
are administered in, unless the address names the other.
"""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework.request import Request

from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.mirrors.queries.lookups import load_plain, preferred_environment
from vendor_admin.mirrors.queries.plain_rows import plain_rows
from vendor_admin.organizations.models import ENVIRONMENTS
from vendor_admin.partner_api.reading.fields import Choice, Moment, PlatformId
from vendor_admin.partner_api.reading.filters import Filters, FlagFilter, IdsFilter, WordChoiceFilter
from vendor_admin.partner_api.reading.resources import Resource
from vendor_admin.partner_api.reading.views import ReadingViewSet, organization_id_of
from vendor_admin.partner_api.request_errors import InvalidParameters, ParameterFault

AT_THE_END = ("environment", "changed_at", "deleted_at")
ENVIRONMENT_NAMES = [name for name, _ in ENVIRONMENTS]


def environment_field() -> Choice:
    """The environment of a row."""
    return Choice(ENVIRONMENTS, help_text="The platform's environment that it is in.")


class MirrorResource(Resource):
    """What every mirrored thing says."""

    id = PlatformId(source="entity_id", help_text="The platform's id of it, unique within its environment.")
    environment = environment_field()
    changed_at = Moment(source="received_at", help_text="When the platform last told something about it.")
    deleted_at = Moment(allow_null=True, help_text="When it was gone from the platform; null while it is there.")

    def get_fields(self) -> dict[str, Any]:
        """Its own fields before those that all have."""
        fields: dict[str, Any] = super().get_fields()
        return (
            {"id": fields.pop("id")}
            | {name: fields[name] for name in fields if name not in AT_THE_END}
            | {name: fields[name] for name in AT_THE_END if name in fields}
        )


class MirrorFilters(Filters):
    """What every list of a mirror can be narrowed by."""

    id = IdsFilter(field_name="entity_id", help_text="Platform ids, with commas between them: up to 200.")
    environment = WordChoiceFilter(
        ENVIRONMENT_NAMES,
        help_text="The platform's environment. Left out, it is the one that these are administered in.",
    )
    include_deleted = FlagFilter(
        method="leave", help_text="true: also what is gone from the platform. Left out, only what is there."
    )

    def leave(self, rows: QuerySet[Any], name: str, value: object) -> QuerySet[Any]:
        """The view looks at it."""
        return rows


class MirrorReading(ReadingViewSet):
    """The list of a mirror, and one by its platform id."""

    model: ClassVar[type[Mirror]]
    filterset_class: ClassVar[type[Filters]] = MirrorFilters
    parameters_of_one = {
        "environment": (
            {"type": "string", "enum": ENVIRONMENT_NAMES},
            "The platform's environment, where both have something with this id.",
        )
    }

    def rows(self, request: Request) -> QuerySet[Any]:
        rows = self.model.objects.all()  # the organization's, whose scope is open
        if "environment" not in request.query_params:
            rows = rows.filter(environment=preferred_environment(self.model.entity_type))
        return there(rows, request)

    def read(self, rows: QuerySet[Any]) -> list[Any]:
        return plain_rows(rows)

    def found(self, request: Request, entity_id: int) -> Any:
        """The row that wins, also of what is gone from the platform. One query."""
        environment = request.query_params.get("environment", "")
        if environment and environment not in ENVIRONMENT_NAMES:
            text = f"“environment” takes one of {', '.join(ENVIRONMENT_NAMES)}."
            raise InvalidParameters([ParameterFault("environment", "invalid", text)])
        row = load_plain(self.model, organization_id=organization_id_of(request), ids=[entity_id]).get(
            entity_id, environment
        )
        return None if row is None or (environment and row.environment != environment) else row


def there(rows: QuerySet[Any], request: Request) -> QuerySet[Any]:
    """Without what is gone from the platform, unless the address asks for it."""
    return rows if request.query_params.get("include_deleted") == "true" else rows.filter(deleted_at__isnull=True)
