"""The read-only pages of the admin: a list with filters, pages by key and CSV, and a page of one object.

They use the admin's registry, addresses and sign-in, and the product's own list (lists.py) in place of Django's
change list, which counts all rows and pages by OFFSET.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import wraps
from typing import Any, ClassVar, TypedDict

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin

from vendor_admin.amounts import read_id
from vendor_admin.errors import Fault, InvalidFields, VendorAdminError
from vendor_admin.listing import lists
from vendor_admin.listing.csv_export import stream_csv
from vendor_admin.listing.lists import Amount, Column, Filter
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization, StaffRole, User
from vendor_admin.organizations.requests import fresh_code
from vendor_admin.organizations.requests.idle_sessions import is_poll
from vendor_admin.organizations.roles import Right, may

NARROW_IT = (
    "That needs to look at too many rows. "
    "Choose an account, a platform id or a shorter time, and leave out the rarer filters."
)


def organization_of(request: HttpRequest) -> Organization | None:
    """The organization that the signed-in person works for now (set by the middleware)."""
    return getattr(request, "organization", None)


def is_operator(request: HttpRequest) -> bool:
    """Whether the request is made by an operator of this installation."""
    return bool(getattr(request.user, "is_operator", False))


class Acting(TypedDict):
    """What every verb takes of a request."""

    actor: Actor
    request_id: str


def actor_of(request: HttpRequest) -> Acting:
    """Who acts, as the verbs and the audit take it."""
    return {"actor": Actor.staff(request.user.get_username()), "request_id": getattr(request, "request_id", "")}


def add_errors(form: Form, error: VendorAdminError) -> None:
    """Say in a form why a verb did nothing: each fault at its field, everything else above the fields."""
    faults = error.faults if isinstance(error, InvalidFields) else [Fault("", error.code, error.text)]
    for fault in faults:
        name = fault.field if fault.field in form.fields else None
        form.add_error(name, ValidationError(fault.text, code=fault.code))


def has_right(request: HttpRequest, right: Right) -> bool:
    """Whether the signed-in person has a right in the organization they work for."""
    role: StaffRole | None = getattr(request, "staff_role", None)
    return isinstance(request.user, User) and may(user=request.user, role=role, right=right)


def columns_for(request: HttpRequest, columns: Sequence[Column]) -> list[Column]:
    """The columns of a CSV that the signed-in person may have: raw ones need the right to raw data."""
    return [column for column in columns if not column.is_raw or has_right(request, Right.VIEW_RAW)]


def require(request: HttpRequest, right: Right, *, asks_code: bool = True) -> None:
    """Raise PermissionDenied without the right, and FreshCodeNeeded before a change that asks for a code again.

    `asks_code` is False where the right is used for what changes no access.
    """
    if not has_right(request, right):
        raise PermissionDenied(
            f"Your role does not allow you to {right.value}. An owner of your organization can change it."
        )
    if asks_code and right in fresh_code.ASKED_FOR:
        fresh_code.require_fresh_code(request)


def colleague_of(request: HttpRequest, role_id: int) -> StaffRole:
    """A role in the organization, with its person, for whoever may manage staff. Raises Http404 for one elsewhere."""
    require(request, Right.MANAGE_STAFF)
    row = StaffRole.objects.filter(pk=role_id, organization=organization_of(request)).select_related("user").first()
    if row is None:
        raise Http404
    return row


def bounded_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page whose statements take a list's time at most; where one would take longer it says so (503)."""

    @wraps(view)
    def page(request: HttpRequest, *args: object, **named: Any) -> HttpResponse:
        try:
            with lists.bounded():
                response = view(request, *args, **named)
                return response.render() if isinstance(response, TemplateResponse) else response
        except lists.TooSlow:
            context = {**admin.site.each_context(request), "title": "Too much to look at"}
            return TemplateResponse(request, "admin/too_slow.html", context, status=503)

    return page


class ReadOnlyAdmin(ModelAdmin):
    """A list and an object page without forms. Subclasses give `columns`, `filters`, `key` and what to join.

    `heading`: the list's name in the menu, where it differs from the platform's. `export_columns`: those of the CSV,
    where it tells more than the list. `renews_every_seconds`: how often an open list shows anew what it shows first.
    """

    columns: ClassVar[Sequence[Column]] = ()
    export_columns: ClassVar[Sequence[Column]] = ()
    filters: ClassVar[Sequence[Filter]] = ()
    key: ClassVar[Sequence[str]] = ("id",)
    shows_count: ClassVar[bool] = False
    shows_newest_note: ClassVar[bool] = False
    heading: ClassVar[str] = ""
    intro: ClassVar[str] = ""
    empty: ClassVar[str] = "Nothing here yet."
    view_right: ClassVar[Right] = Right.VIEW
    list_template = "admin/list.html"
    object_template = "admin/object.html"
    renews_every_seconds: ClassVar[int] = 0
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return has_right(request, self.view_right)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export.csv", self.admin_site.admin_view(self.export_view), name=name), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Rows of the current organization. The explicit equality lets its composite indexes serve the order."""
        organization = organization_of(request)
        if organization is None:
            return self.model._default_manager.none()
        return self.model._default_manager.filter(organization_id=organization.pk)

    def join(self, rows: list[Any], *, organization_id: int) -> None:
        """Load what the columns show of other tables, in a constant number of queries."""

    def key_for(self, request: HttpRequest) -> Sequence[str]:
        """What the list is ordered by."""
        return self.key

    def dynamic_filters(self, request: HttpRequest) -> Sequence[Filter]:
        return self.filters

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        require(request, self.view_right, asks_code=False)
        filters = self.dynamic_filters(request)
        filtered = lists.narrow(self.get_queryset(request), filters=filters, chosen=request.GET.dict())
        status = 400 if filtered.problems else 200
        problems, count, page = filtered.problems, "", lists.Page([])
        organization = organization_of(request)
        if organization is not None:
            try:
                page = lists.read_page(
                    filtered.rows,
                    key=self.key_for(request),
                    older_than=request.GET.get("before", ""),
                    newer_than=request.GET.get("after", ""),
                )
                count = lists.capped_count(filtered.rows) if self.shows_count else ""
                self.join(page.rows, organization_id=organization.pk)
            except lists.TooSlow:
                problems.append(NARROW_IT)
        chosen = filtered.active
        columns = [(column, _is_numeric(column, page.rows)) for column in self.columns]
        context = {
            **self.admin_site.each_context(request),
            "title": self.heading or self.opts.verbose_name_plural.capitalize(),
            "opts": self.opts,
            "is_list": True,
            "admin": self,
            "columns": columns,
            "rows": [
                (self.url_of(row), [(column, column.value(row), is_numeric) for column, is_numeric in columns], row)
                for row in page.rows
            ],
            "page": page,
            "count": count,
            "filters": [(one, chosen.get(one.name, "")) for one in filters],
            "active_filters": chosen,
            "is_narrowed": bool(chosen) or "before" in request.GET or "after" in request.GET,
            "problems": problems,
            "can_add": self.has_add_permission(request),
            "may_export": has_right(request, Right.EXPORT),
            "export_url": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_export"),
            "renews_every": 0 if {"before", "after"} & set(request.GET) else self.renews_every_seconds,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        is_renewal = context["renews_every"] and is_poll(request)
        template = "admin/list_rows.html" if is_renewal else self.list_template
        return TemplateResponse(request, template, context, status=status)

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The list as CSV, with the filters of the address line; the list itself where one cannot be read."""
        require(request, self.view_right, asks_code=False)
        require(request, Right.EXPORT)
        organization = organization_of(request)
        if organization is None:
            raise Http404("Enter an organization first.")
        filtered = lists.narrow(
            self.get_queryset(request), filters=self.dynamic_filters(request), chosen=request.GET.dict()
        )
        if filtered.problems:
            return self.changelist_view(request)
        return stream_csv(
            filename=f"{organization.slug}-{self.opts.verbose_name_plural.replace(' ', '-')}.csv",
            organization_id=organization.pk,
            rows=filtered.rows,
            key=self.key,
            columns=columns_for(request, self.export_columns or self.columns),
            join=lambda rows: self.join(rows, organization_id=organization.pk),
        )

    def url_of(self, row: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def find_object(self, request: HttpRequest, object_id: str) -> Any:
        """The object of the address within the current organization; another organization's id is not found."""
        pk = read_id(object_id)
        found = self.get_queryset(request).filter(pk=pk).first() if pk is not None else None
        if found is None:
            raise Http404
        return found

    def title_of(self, row: Any) -> str:
        """The heading of the object page."""
        return str(row)

    def facts(self, request: HttpRequest, row: Any) -> list[tuple[str, object, str | None]]:
        """What the object page shows: title, value, address of what the value names."""
        return [(column.title, column.value(row), column.link(row) if column.link else None) for column in self.columns]

    def object_context(self, request: HttpRequest, row: Any) -> dict[str, object]:
        """More variables for the object page."""
        return {}

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        require(request, self.view_right, asks_code=False)
        row = self.find_object(request, object_id)
        self.join([row], organization_id=row.organization_id)
        context = {
            **self.admin_site.each_context(request),
            "title": self.title_of(row),
            "opts": self.opts,
            "crumbs": [
                (
                    self.heading or self.opts.verbose_name_plural.capitalize(),
                    reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
                )
            ],
            "row": row,
            "facts": self.facts(request, row),
            **self.object_context(request, row),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.object_template, context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        raise Http404("Changes are in the audit and in the event log.")


def _is_numeric(column: Column, rows: Sequence[object]) -> bool:
    """Whether a column shows amounts, which stand at the right."""
    return any(isinstance(column.value(row), Decimal | Amount) for row in rows[:10])
