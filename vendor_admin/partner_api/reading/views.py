"""The list of a resource and one of it by its id: what a feature declares, and all that is the same for all of them.

A feature's `api.py` says which rows there are, which filters and orders a list takes, and what is joined to a page.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from vendor_admin.amounts import read_id
from vendor_admin.errors import NotFound
from vendor_admin.partner_api.reading.ages import AgingResponse
from vendor_admin.partner_api.reading.cursors import CursorOf
from vendor_admin.partner_api.reading.filters import Filters
from vendor_admin.partner_api.reading.pages import read_page
from vendor_admin.partner_api.reading.parameters import LIST_PARAMETERS, Asked, read_parameters
from vendor_admin.partner_api.reading.resources import Resource, field_names, writer_of
from vendor_admin.partner_api.reading.schema import CursorPages, ListParameters

NEWEST_FIRST = "-id"
LIST: dict[str, Any] = {"get": "list"}
ONE: dict[str, Any] = {"get": "retrieve"}
CREATE: dict[str, Any] = {"post": "create"}
CHANGE: dict[str, Any] = {"patch": "partial_update"}
DELETE: dict[str, Any] = {"delete": "destroy"}
"""What methods of an address do, for `as_view`."""


class ReadingViewSet(ViewSet):
    """`list` and `retrieve` of one resource.

    `noun` is what one is called, `collection` its name in the address. `orders`: the columns behind each order that a
    list takes, in both directions; they are indexed, never empty and together unique. What is written of a row may take
    what `join` loaded for the whole page. `parameters_of_one`: schema and words of what the address of one takes.
    `has_ages`: it says how old things are.
    """

    filter_backends = (ListParameters,)  # for the schema
    pagination_class = CursorPages  # for the schema
    serializer_class: ClassVar[type[Resource]]
    filterset_class: ClassVar[type[Filters]]
    model: ClassVar[type[Model]]
    noun: ClassVar[str]
    collection: ClassVar[str]
    tag: ClassVar[str]
    required_scopes: tuple[str, ...] | Mapping[str, tuple[str, ...]]
    orders: ClassVar[Mapping[str, Sequence[str]]] = {"id": ("entity_id",)}
    default_order: ClassVar[str] = NEWEST_FIRST
    has_ages: ClassVar[bool] = False
    parameters_of_one: ClassVar[Mapping[str, tuple[Mapping[str, Any], str]]] = {}

    def rows(self, request: Request) -> QuerySet[Any]:
        """Every row that the list may show."""
        raise NotImplementedError

    def found(self, request: Request, entity_id: int) -> Any:
        """The row of an id; None where there is none."""
        raise NotImplementedError

    def read(self, rows: QuerySet[Any]) -> list[Any]:
        """Read the rows of a page. One query."""
        return list(rows)

    def join(self, rows: list[Any], *, request: Request) -> None:
        """Load what is written of the rows beside their own columns, in a constant number of queries."""

    def collection_of(self, request: Request) -> str:
        """What a cursor is of: the list of one thing's rows names the thing."""
        return self.collection

    def list(self, request: Request, **address: str) -> Response:
        """Answer a page."""
        asked = read_parameters(
            request.query_params,
            known=LIST_PARAMETERS,
            filters=self.filterset_class.names(),
            orders=self.order_names(),
            order=self.default_order,
            fields=field_names(self.serializer_class),
        )
        rows = self.rows(request)
        if asked.filters:
            rows = self.filterset_class(asked.filters, queryset=rows, request=request).narrowed()
        page = read_page(
            rows,
            read=self.read,
            columns=self.orders[asked.order.removeprefix("-")],
            is_descending=asked.order.startswith("-"),
            limit=asked.limit,
            cursor=asked.cursor,
            cursor_of=self._cursor_of(request, asked),
        )
        self.join(page.rows, request=request)
        write = writer_of(self.serializer_class, asked.fields)
        return self._answered({"data": [write(row) for row in page.rows], "next_cursor": page.next_cursor})

    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002 - as the address has it
        """Answer one, by its id."""
        asked = read_parameters(
            request.query_params,
            known=("fields", *self.parameters_of_one),
            fields=field_names(self.serializer_class),
        )
        row = self.one(request, id)
        self.join([row], request=request)
        return self._answered(writer_of(self.serializer_class, asked.fields)(row))

    def one(self, request: Request, word: str) -> Any:
        """The row of an id in the address. Raises NotFound, for another organization's as well."""
        entity_id = read_id(word)
        row = None if entity_id is None else self.found(request, entity_id)
        if row is None:
            raise NotFound(f"There is no {self.noun} with this id in your organization.")
        return row

    @classmethod
    def order_names(cls) -> Sequence[str]:
        """What `order` takes."""
        return [name for order in cls.orders for name in (order, f"-{order}")]

    def _answered(self, data: dict[str, Any]) -> Response:
        return AgingResponse(data) if self.has_ages else Response(data)

    def _cursor_of(self, request: Request, asked: Asked) -> CursorOf:
        return CursorOf(organization_id_of(request), self.collection_of(request), asked.order, asked.filters)


def organization_id_of(request: Request) -> int:
    """The organization whose rows a request is about: its token's."""
    organization_id: int = request.auth.organization.pk  # type: ignore[union-attr]  # HasScopes lets tokens in alone
    return organization_id
