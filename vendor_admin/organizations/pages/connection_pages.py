"""Admin pages of connections: list, state of the check, forms. The changes themselves are in connections/verbs.py."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from vendor_admin.errors import InvalidFields, NotAllowed
from vendor_admin.listing.admin_base import ReadOnlyAdmin, actor_of, add_errors, has_right, organization_of, require
from vendor_admin.listing.lists import Address, Badge, Column
from vendor_admin.organizations import tasks
from vendor_admin.organizations.connections import verbs as connections
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.pages.forms import ConnectionForm, RemoveConnectionForm, UseHostForm
from vendor_admin.organizations.pages.host_panel import host_panel
from vendor_admin.organizations.platform_access import platform_hosts
from vendor_admin.organizations.platform_access.platform_hosts import host_in_use
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy import database_clock

LIST = "admin:organizations_connection_changelist"
_WHAT_ACCEPTS = (
    "The host in use answered that it does not serve the organization, and pointed to this one. Access tokens go there "
    "and, at the next login, the API key's password. Ask the platform's support if you did not expect the move. A host "
    "that the platform names at a login or a renewal takes its place."
)
_WHAT_REMOVES = (
    "Credentials and token are erased here; the API key itself is ended in the platform's dashboards. The event log "
    "and what the lists show stay as they are and grow old. Connected again, the time between is shown as a gap."
)


def _environment(row: Connection) -> Badge:
    return Badge(row.get_environment_display(), "live" if row.environment == "live" else "demo")


def _enabled(row: Connection) -> Badge:
    return Badge("in use", "good") if row.is_enabled else Badge("paused", "warn")


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    """How the organization reaches the platform."""

    columns = (
        Column("Connection", str),
        Column("Environment", _environment),
        Column("State", _enabled),
        Column("REST address", lambda row: Address(row.rest_url)),
        Column("Socket address", lambda row: Address(row.websocket_url)),
        Column("Host in use", lambda row: Address(host_in_use(row))),
        Column("Sockets", lambda row: row.shard_count),
        Column("Checked", lambda row: row.checked_at),
    )
    intro = "One connection for each environment. A change takes effect within seconds; nothing is restarted."
    empty = "No connection yet. Add one here, or run: manage.py connect_organization SLUG --environment demo …"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("organization").defer("credentials")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return organization_of(request) is not None and has_right(request, Right.MANAGE_CONNECTIONS)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:connection_id>/edit/", wrap(self.edit_view), name="connection_edit"),
            path("<int:connection_id>/check/", wrap(self.check_view), name="connection_check"),
            path("<int:connection_id>/pause/", wrap(self.pause_view), name="connection_pause"),
            path("<int:connection_id>/resume/", wrap(self.resume_view), name="connection_resume"),
            path("<int:connection_id>/use-host/", wrap(self.use_host_view), name="connection_use_host"),
            path("<int:connection_id>/remove/", wrap(self.remove_view), name="connection_remove"),
            *super().get_urls(),
        ]

    def facts(self, request: HttpRequest, row: Connection) -> list[tuple[str, object, str | None]]:
        sharding = f"{row.shard_count} sockets, {row.get_sharding_display()}" if row.sharding else "one socket"
        return [
            ("Environment", _environment(row), None),
            ("State", _enabled(row), None),
            ("REST address, configured", Address(row.rest_url), None),
            ("REST address in use", Address(row.rest_url_in_use), None),
            ("Socket address, configured", Address(row.websocket_url), None),
            ("Socket address in use", Address(row.websocket_url_in_use), None),
            ("Credentials", "stored encrypted; never shown", None),
            ("Entity types", ", ".join(row.entity_types) or "all that Vendor Admin mirrors", None),
            ("Sharding", sharding, None),
            ("Changes since it was added", row.version - 1, None),
        ]

    def object_context(self, request: HttpRequest, row: Connection) -> dict[str, Any]:
        sockets = reverse("admin:sync_lease_changelist") + f"?environment={row.environment}"
        panel = host_panel(row, now=timezone.now())
        context: dict[str, Any] = {
            "links": [("Sockets", sockets)],
            "connection": row,
            "hosts": panel,
            "check_report": row.check_report,
            "is_check_pending": row.check_requested_at,
        }
        if not has_right(request, Right.MANAGE_CONNECTIONS):
            return context
        toggle = ("Pause", "pause") if row.is_enabled else ("Resume", "resume")
        links = [*context["links"], ("Change", reverse("admin:connection_edit", args=[row.pk]))]
        if not row.is_enabled:
            links.append(("Remove", reverse("admin:connection_remove", args=[row.pk])))
        use_host = reverse("admin:connection_use_host", args=[row.pk])
        return context | {
            "links": links,
            "use_host_url": f"{use_host}?{urlencode({'host': panel.wrong.points_to})}" if panel.wrong else "",
            "post_actions": [
                ("Check connection", reverse("admin:connection_check", args=[row.pk])),
                (toggle[0], reverse(f"admin:connection_{toggle[1]}", args=[row.pk])),
            ],
        }

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        require(request, Right.MANAGE_CONNECTIONS)
        organization = organization_of(request)
        if organization is None:
            return HttpResponseRedirect(reverse("admin:index"))
        form = ConnectionForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                connection = connections.add_connection(
                    organization=organization,
                    environment=form.cleaned_data["environment"],
                    reason=form.cleaned_data["reason"],
                    **actor_of(request),
                    **form.values(),
                )
            except InvalidFields as problem:
                add_errors(form, problem)
            else:
                messages.success(
                    request,
                    "Added. A sync worker opens the socket within seconds; check the connection if it does not.",
                )
                return HttpResponseRedirect(reverse("admin:organizations_connection_change", args=[connection.pk]))
        return self._form_page(request, form, title="Add connection", button="Add and connect")

    def edit_view(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        """The form of an existing connection."""
        require(request, Right.MANAGE_CONNECTIONS)
        connection = self.find_object(request, str(connection_id))
        form = ConnectionForm(request.POST or None, connection=connection)
        if request.method == "POST" and form.is_valid():
            try:
                connections.update_connection(
                    connection=connection,
                    changes=form.values(),
                    reason=form.cleaned_data["reason"],
                    **actor_of(request),
                )
            except InvalidFields as problem:
                add_errors(form, problem)
            else:
                messages.success(request, "Saved. Hubs close the old socket and open the new one within seconds.")
                return HttpResponseRedirect(reverse("admin:organizations_connection_change", args=[connection.pk]))
        return self._form_page(request, form, title=f"Change {connection}", button="Save")

    def check_view(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        """Ask a worker to try hosts, key and scopes; the report appears on the connection's page."""
        connection = self._for_change(request, connection_id, asks_code=False)
        if isinstance(connection, HttpResponse):
            return connection
        page = HttpResponseRedirect(reverse("admin:organizations_connection_change", args=[connection.pk]))
        if not connections.request_check(connection=connection, now=database_clock.now()):
            messages.warning(request, "A check is under way already. Its report appears here in a few seconds.")
            return page
        ids = {"connection_id": connection.pk, "organization_id": connection.organization_id}
        options = {"retry": False, "expires": connections.CHECK_EXPIRES_SECONDS}
        transaction.on_commit(lambda: tasks.check_connection.apply_async(kwargs=ids, **options), robust=True)
        messages.info(request, "The check is on its way. The report appears here in a few seconds.")
        return page

    def pause_view(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        """Close its sockets within seconds."""
        connection = self._for_change(request, connection_id, asks_code=False)
        if isinstance(connection, HttpResponse):
            return connection
        connections.pause_connection(connection=connection, **actor_of(request))
        messages.success(
            request, "Paused: its sockets close within seconds. What the mirrors show grows old from now on."
        )
        return HttpResponseRedirect(reverse("admin:organizations_connection_change", args=[connection.pk]))

    def resume_view(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        """Open its sockets again."""
        connection = self._for_change(request, connection_id)
        if isinstance(connection, HttpResponse):
            return connection
        try:
            connections.resume_connection(connection=connection, **actor_of(request))
        except InvalidFields as problem:
            messages.error(request, problem.text)
        else:
            messages.success(request, "Resumed: a worker opens its sockets within seconds.")
        return HttpResponseRedirect(reverse("admin:organizations_connection_change", args=[connection.pk]))

    def use_host_view(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        """Ask for a reason, then use the host that the platform pointed to."""
        require(request, Right.MANAGE_CONNECTIONS)
        connection, host = self.find_object(request, str(connection_id)), request.GET.get("host", "")
        page = reverse("admin:organizations_connection_change", args=[connection.pk])
        form = UseHostForm(request.POST or None, request=request)
        if request.method == "POST" and form.is_valid():
            reason = form.cleaned_data["reason"]
            try:
                platform_hosts.accept_pointed_host(connection=connection, host=host, reason=reason, **actor_of(request))
            except (InvalidFields, NotAllowed) as problem:
                add_errors(form, problem)
            else:
                messages.success(request, f"Calls go to {host} now; sockets move there within seconds.")
                return HttpResponseRedirect(page)
        title, back = f"Use {host}", [("Back", page)]
        return self._form_page(request, form, title=title, button="Use this host", intro=_WHAT_ACCEPTS, links=back)

    def remove_view(self, request: HttpRequest, connection_id: int) -> HttpResponse:
        """Ask once more, then forget the connection."""
        require(request, Right.MANAGE_CONNECTIONS)
        connection = self.find_object(request, str(connection_id))
        form = RemoveConnectionForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            reason = form.cleaned_data["reason"]
            try:
                connections.remove_connection(connection=connection, reason=reason, **actor_of(request))
            except InvalidFields as problem:
                add_errors(form, problem)
            else:
                messages.success(request, f"{connection} is removed; its credentials are erased.")
                return HttpResponseRedirect(reverse(LIST))
        return self._form_page(request, form, title=f"Remove {connection}", button="Remove it", intro=_WHAT_REMOVES)

    def _for_change(
        self, request: HttpRequest, connection_id: int, *, asks_code: bool = True
    ) -> Connection | HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        require(request, Right.MANAGE_CONNECTIONS, asks_code=asks_code)
        return self.find_object(request, str(connection_id))

    def _form_page(
        self,
        request: HttpRequest,
        form: Form,
        *,
        title: str,
        button: str,
        intro: str = "",
        links: Sequence[tuple[str, str]] = (),
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "crumbs": [("Connections", reverse(LIST))],
            "form": form,
            "button": button,
            "intro": intro,
            "links": links,
        }
        return TemplateResponse(request, "admin/form.html", context)
