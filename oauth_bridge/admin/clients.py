"""Admin pages of the sign-in client: what to register at the platform, whether it works, and forms."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from oauth_bridge.admin.forms import ClientForm, ReasonForm
from oauth_bridge.models import PlatformClient
from oauth_bridge.own_addresses import member_address, redirect_uri
from oauth_bridge.sign_in import clients
from vendor_admin.errors import InvalidFields
from vendor_admin.listing.admin_base import ReadOnlyAdmin, actor_of, add_errors, has_right, organization_of, require
from vendor_admin.listing.lists import Badge, Column
from vendor_admin.organizations.roles import Right

LIST = "admin:oauth_bridge_platformclient_changelist"
OBJECT = "admin:oauth_bridge_platformclient_change"
_NO_SITE_URL = "SITE_URL is not set: the operator of this installation must set it before members can sign in."


def _state(row: Any) -> Badge:
    if not row.is_enabled:
        return Badge("paused", "warn")
    if row.problem:
        return Badge("refused by the platform", "bad")
    return Badge("works", "good") if row.worked_at else Badge("not tried yet")


@admin.register(PlatformClient)
class PlatformClientAdmin(ReadOnlyAdmin):
    """How the organization's members sign in."""

    heading = "Member sign-in"
    columns = (
        Column("Client", str),
        Column("State", _state),
        Column("Client id", lambda row: row.client_id),
        Column("Last worked", lambda row: row.worked_at),
        Column("Problem", lambda row: row.problem),
    )
    intro = (
        "Members sign in on the platform's own page, with an OAuth client that the platform gives you. "
        "Ask it for one, and register the address that the form's page names."
    )
    empty = "Not set up yet: members cannot sign in. Add the client that the platform gave you."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return organization_of(request) is not None and has_right(request, Right.MANAGE_MEMBER_SIGN_IN)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("organization").defer("secret")

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:client_id>/edit/", wrap(self.edit_view), name="member_client_edit"),
            path("<int:client_id>/switch/", wrap(self.switch_view), name="member_client_switch"),
            path("<int:client_id>/remove/", wrap(self.remove_view), name="member_client_remove"),
            *super().get_urls(),
        ]

    def facts(self, request: HttpRequest, row: Any) -> list[tuple[str, object, str | None]]:
        organization = row.organization
        return [
            ("State", _state(row), None),
            ("Problem", row.problem, None),
            ("Register this address at the platform", _own(redirect_uri(organization, row.environment)), None),
            ("Give members this address", _own(member_address(organization)), None),
            ("Client id", row.client_id, None),
            ("Secret", "stored encrypted; never shown", None),
            ("Sign-in address", row.authorize_url, None),
            ("Exchange address", row.exchange_url, None),
            ("Exchange sends", row.get_encoding_display(), None),
            ("REST address", row.rest_url, None),
            ("LIVE host in use", f"{row.live_host}, named by the platform" if row.live_host else "as configured", None),
            ("Last sign-in that worked", row.worked_at, None),
        ]

    def object_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        if not has_right(request, Right.MANAGE_MEMBER_SIGN_IN):
            return {}
        return {
            "links": [
                ("Change", reverse("admin:member_client_edit", args=[row.pk])),
                ("Remove", reverse("admin:member_client_remove", args=[row.pk])),
            ],
            "post_actions": [
                ("Pause" if row.is_enabled else "Resume", reverse("admin:member_client_switch", args=[row.pk]))
            ],
        }

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        require(request, Right.MANAGE_MEMBER_SIGN_IN)
        organization = organization_of(request)
        if organization is None:
            return HttpResponseRedirect(reverse("admin:index"))
        form = ClientForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            environment = form.cleaned_data["environment"]
            if PlatformClient.objects.filter(environment=environment).exists():
                form.add_error("environment", "There is a client for it already: change that one.")
            elif (stored := self._set(request, organization, environment, form)) is not None:
                messages.success(request, "Added. Register the address below at the platform, then sign in once.")
                return HttpResponseRedirect(reverse(OBJECT, args=[stored.pk]))
        return self._form_page(request, form, title="Set up the sign-in of members", button="Add")

    def edit_view(self, request: HttpRequest, client_id: int) -> HttpResponse:
        """The form of an existing client."""
        require(request, Right.MANAGE_MEMBER_SIGN_IN)
        row = self.find_object(request, str(client_id))
        form = ClientForm(request.POST or None, stored=row)
        is_sent = request.method == "POST" and form.is_valid()
        if is_sent and self._set(request, row.organization, row.environment, form) is not None:
            messages.success(request, "Saved. The next sign-in uses it.")
            return HttpResponseRedirect(reverse(OBJECT, args=[row.pk]))
        return self._form_page(request, form, title=f"Change {row}", button="Save")

    def switch_view(self, request: HttpRequest, client_id: int) -> HttpResponse:
        """Pause or resume (POST). Who is signed in stays so."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        require(request, Right.MANAGE_MEMBER_SIGN_IN)
        row = self.find_object(request, str(client_id))
        try:
            clients.set_client(
                organization=row.organization,
                environment=row.environment,
                values={"is_enabled": not row.is_enabled},
                **actor_of(request),
            )
        except InvalidFields as problem:
            messages.error(request, problem.text)
        else:
            messages.success(request, "Paused: nobody can sign in." if row.is_enabled else "Members can sign in again.")
        return HttpResponseRedirect(reverse(OBJECT, args=[row.pk]))

    def remove_view(self, request: HttpRequest, client_id: int) -> HttpResponse:
        """Ask once more, then forget the client."""
        require(request, Right.MANAGE_MEMBER_SIGN_IN)
        row = self.find_object(request, str(client_id))
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            clients.remove_client(client=row, reason=form.cleaned_data["reason"], **actor_of(request))
            messages.success(request, f"{row} is removed; its secret is erased.")
            return HttpResponseRedirect(reverse(LIST))
        intro = "Nobody can sign in until a client is added again. Linked members need to sign in again then."
        return self._form_page(request, form, title=f"Remove {row}", button="Remove it", intro=intro)

    def _set(self, request: HttpRequest, organization: Any, environment: str, form: ClientForm) -> Any:
        """Store what the form holds; None, with the problems in the form, if it cannot be."""
        try:
            return clients.set_client(
                organization=organization,
                environment=environment,
                values=form.values(),
                reason=form.cleaned_data["reason"],
                **actor_of(request),
            )
        except InvalidFields as invalid:
            add_errors(form, invalid)
            return None

    def _form_page(self, request: HttpRequest, form: Form, *, title: str, button: str, intro: str = "") -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "crumbs": [("Member sign-in", reverse(LIST))],
            "form": form,
            "button": button,
            "intro": intro,
        }
        return TemplateResponse(request, "admin/form.html", context)


def _own(address: str) -> str:
    return address if settings.SITE_URL else _NO_SITE_URL
