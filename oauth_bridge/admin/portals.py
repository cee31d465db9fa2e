"""Admin pages of portals: the list, forms, the secret that is shown once, disable, remove."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from oauth_bridge.admin.forms import ReasonForm
from oauth_bridge.admin.portal_forms import ProgramForm, SignInPortalForm
from oauth_bridge.models import Portal
from oauth_bridge.portals import registry
from oauth_bridge.portals.registry import Registered
from oauth_bridge.portals.server import address_of, issuer_of
from vendor_admin.errors import InvalidFields
from vendor_admin.listing.admin_base import ReadOnlyAdmin, actor_of, add_errors, has_right, organization_of, require
from vendor_admin.listing.lists import Badge, Column
from vendor_admin.organizations.roles import Right

LIST = "admin:oauth_bridge_portal_changelist"
OBJECT = "admin:oauth_bridge_portal_change"
FORMS = {Portal.Kind.SIGN_IN: SignInPortalForm, Portal.Kind.PROGRAM: ProgramForm}
_NO_SITE_URL = "SITE_URL is not set: the operator of this installation must set it before portals can be used."


def _state(row: Any) -> Badge:
    return Badge("enabled", "good") if row.is_enabled else Badge("disabled", "warn")


@admin.register(Portal)
class PortalAdmin(ReadOnlyAdmin):
    """Programs of partners: portals that sign members in, and programs that use the partner API."""

    heading = "Portals"
    view_right = Right.MANAGE_PORTALS
    columns = (
        Column("Portal", str),
        Column("State", _state),
        Column("Kind", lambda row: row.get_authorization_grant_type_display()),
        Column("Client id", lambda row: row.client_id),
        Column("Last used", lambda row: row.used_at, is_age=True),
    )
    intro = (
        "A portal is a site of yours or of a partner where members sign in with one button, through you. "
        "An API client (machine-to-machine) uses the partner API in your name. Each gets a client id and a secret."
    )
    empty = "No portal yet. Add one, and give its developer the client id, the secret and the issuer that you see then."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return organization_of(request) is not None and has_right(request, Right.MANAGE_PORTALS)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("organization").defer("client_secret")

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("add/program/", wrap(self.add_program_view), name="portal_add_program"),
            path("<int:portal_id>/edit/", wrap(self.edit_view), name="portal_edit"),
            path("<int:portal_id>/secret/", wrap(self.secret_view), name="portal_secret"),
            path("<int:portal_id>/switch/", wrap(self.switch_view), name="portal_switch"),
            path("<int:portal_id>/remove/", wrap(self.remove_view), name="portal_remove"),
            *super().get_urls(),
        ]

    def facts(self, request: HttpRequest, row: Any) -> list[tuple[str, object, str | None]]:
        organization = row.organization
        own: list[tuple[str, object, str | None]] = [
            ("State", _state(row), None),
            ("Kind", row.get_authorization_grant_type_display(), None),
            ("Client id", row.client_id, None),
            ("Secret", "kept so that nobody can read it; make another one if it is lost", None),
            ("Secret made", row.secret_made_at, None),
            ("May ask for", " ".join(row.scopes), None),
        ]
        if row.is_program:
            own.append(("Token endpoint", _own(address_of("portal_token", organization)), None))
        else:
            members = row.consents.filter(ended_at=None).count()
            own += [
                ("Issuer", _own(issuer_of(organization)), None),
                *(("Redirect URI", uri, None) for uri in row.uris),
                ("Members connected", members, None),
            ]
        return [*own, ("Registered", row.created, None), ("Last used", row.used_at, None)]

    def object_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {
            "links": [
                ("Change", reverse("admin:portal_edit", args=[row.pk])),
                ("Make another secret", reverse("admin:portal_secret", args=[row.pk])),
                ("Remove", reverse("admin:portal_remove", args=[row.pk])),
            ],
            "post_actions": [
                ("Disable" if row.is_enabled else "Enable", reverse("admin:portal_switch", args=[row.pk]))
            ],
        }

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self._add(request, Portal.Kind.SIGN_IN)

    def add_program_view(self, request: HttpRequest) -> HttpResponse:
        """The form of a program that uses the partner API."""
        return self._add(request, Portal.Kind.PROGRAM)

    def edit_view(self, request: HttpRequest, portal_id: int) -> HttpResponse:
        """Name, addresses, scopes."""
        row = self._row(request, portal_id)
        form = FORMS[Portal.Kind(row.authorization_grant_type)](request.POST or None, stored=row)
        if request.method == "POST" and form.is_valid():
            try:
                values, reason = form.values(), form.cleaned_data["reason"]
                registry.change_portal(portal=row, values=values, reason=reason, **actor_of(request))
            except InvalidFields as invalid:
                add_errors(form, invalid)
            else:
                messages.success(request, "Saved. It counts from now on.")
                return HttpResponseRedirect(reverse(OBJECT, args=[row.pk]))
        return self._form_page(request, form, title=f"Change {row.name}", button="Save")

    def secret_view(self, request: HttpRequest, portal_id: int) -> HttpResponse:
        """Ask once more, then show another secret."""
        row = self._row(request, portal_id)
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            reason, now = form.cleaned_data["reason"], timezone.now()
            made = registry.rotate_secret(portal=row, now=now, reason=reason, **actor_of(request))
            return self._show_secret(request, made)
        intro = "The secret in use ends at once: the portal cannot sign anybody in until its developer has the new one."
        return self._form_page(request, form, title=f"Another secret for {row}", button="Make it", intro=intro)

    def switch_view(self, request: HttpRequest, portal_id: int) -> HttpResponse:
        """Disable or enable (POST)."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self._row(request, portal_id)
        registry.switch_portal(portal=row, is_enabled=not row.is_enabled, now=timezone.now(), **actor_of(request))
        text = "Enabled." if row.is_enabled else "Disabled: its tokens have ended, and it gets no new ones."
        messages.success(request, text)
        return HttpResponseRedirect(reverse(OBJECT, args=[row.pk]))

    def remove_view(self, request: HttpRequest, portal_id: int) -> HttpResponse:
        """Ask once more, then forget the portal."""
        row = self._row(request, portal_id)
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            registry.remove_portal(portal=row, reason=form.cleaned_data["reason"], **actor_of(request))
            messages.success(request, f"{row} is removed, with its tokens and what members allowed it.")
            return HttpResponseRedirect(reverse(LIST))
        intro = "Its tokens end at once. If it only rests, disable it instead: then members need not allow it again."
        return self._form_page(request, form, title=f"Remove {row}", button="Remove it", intro=intro)

    def _add(self, request: HttpRequest, kind: Portal.Kind) -> HttpResponse:
        require(request, Right.MANAGE_PORTALS)
        organization = organization_of(request)
        if organization is None:
            return HttpResponseRedirect(reverse("admin:index"))
        form = FORMS[kind](request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                made = registry.register_portal(
                    organization=organization,
                    kind=kind,
                    now=timezone.now(),
                    reason=form.cleaned_data["reason"],
                    **form.values(),
                    **actor_of(request),
                )
            except InvalidFields as invalid:
                add_errors(form, invalid)
            else:
                return self._show_secret(request, made)
        if kind == Portal.Kind.PROGRAM:
            intro = "For a program that reads or changes things in your organization's name, without any member."
            return self._form_page(request, form, title="Add a program", button="Add it", intro=intro)
        other = [("Add an API client instead", reverse("admin:portal_add_program"))]
        intro = "For a site where members sign in through you with one button."
        return self._form_page(request, form, title="Add a portal", button="Add it", intro=intro, links=other)

    def _row(self, request: HttpRequest, portal_id: int) -> Portal:
        require(request, Right.MANAGE_PORTALS)
        found: Portal = self.find_object(request, str(portal_id))
        return found

    def _show_secret(self, request: HttpRequest, made: Registered) -> HttpResponse:
        """The answer to the POST itself, so that the secret is in no address, no session and no cache."""
        portal = made.portal
        context = {
            **self.admin_site.each_context(request),
            "title": f"The secret of {portal}",
            "crumbs": [("Portals", reverse(LIST))],
            "portal": portal,
            "secret": made.secret,
            "issuer": "" if portal.is_program else _own(issuer_of(portal.organization)),
            "token_address": _own(address_of("portal_token", portal.organization)),
            "object_url": reverse(OBJECT, args=[portal.pk]),
        }
        response = TemplateResponse(request, "admin/portal_secret.html", context)
        add_never_cache_headers(response)
        return response

    def _form_page(
        self,
        request: HttpRequest,
        form: Form,
        *,
        title: str,
        button: str,
        intro: str = "",
        links: list[tuple[str, str]] | None = None,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "crumbs": [("Portals", reverse(LIST))],
            "form": form,
            "button": button,
            "intro": intro,
            "links": links or [],
        }
        return TemplateResponse(request, "admin/portal_form.html", context)


def _own(address: str) -> str:
    return address if settings.SITE_URL else _NO_SITE_URL
