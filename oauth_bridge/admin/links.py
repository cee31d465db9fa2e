"""Admin pages of linked members: who signed in, whose link needs a sign-in, and disconnecting one."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone

from oauth_bridge.admin.forms import DisconnectForm
from oauth_bridge.members import links, member_sessions
from oauth_bridge.models import MemberLink
from vendor_admin.listing.admin_base import ReadOnlyAdmin, actor_of, has_right, require
from vendor_admin.listing.lists import Badge, Column, Filter
from vendor_admin.organizations.models import ENVIRONMENTS
from vendor_admin.organizations.roles import Right

LIST = "admin:oauth_bridge_memberlink_changelist"
_TONES = {"linked": "good", "needs_sign_in": "warn"}


def _state(row: Any) -> Badge:
    return Badge(row.get_state_display().lower(), _TONES.get(row.state, "calm"))


def _member_url(row: Any) -> str:
    return reverse("member", args=[row.platform_user_id])


@admin.register(MemberLink)
class MemberLinkAdmin(ReadOnlyAdmin):
    """Members who signed in at the platform."""

    heading = "Linked members"
    columns = (
        Column("Linked member", str),
        Column("State", _state),
        Column("Platform user", lambda row: row.platform_user_id, link=_member_url, is_identifier=True),
        Column("Name", lambda row: row.full_name),
        Column("Last sign-in", lambda row: row.signed_in_at, is_age=True),
        Column("Problem", lambda row: row.problem),
        Column("Environment", lambda row: Badge(row.get_environment_display(), row.environment)),
    )
    filters = (
        Filter("state", "State", choices=MemberLink.State.choices),
        Filter("environment", "Environment", choices=ENVIRONMENTS),
        Filter("user", "Platform user id", kind="number", lookup="platform_user_id"),
    )
    intro = (
        "Members who have signed in here. “Needs sign-in”: the platform renews their link no more; they are told so on "
        "their pages and need only sign in again. What you see of their accounts does not depend on it."
    )
    empty = "No member has signed in yet."

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("organization").defer("tokens")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.disconnect_view)
        return [path("<int:link_id>/disconnect/", view, name="member_disconnect"), *super().get_urls()]

    def facts(self, request: HttpRequest, row: Any) -> list[tuple[str, object, str | None]]:
        now = timezone.now()
        sessions = [
            (f"Signed in with {session}", f"from {session.address}" if session.address else "yes", None)
            for session in member_sessions.open_sessions(link=row, now=now)[:20]
        ]
        return [
            ("State", _state(row), None),
            ("Problem", row.problem, None),
            ("Platform user", row.platform_user_id, _member_url(row)),
            ("Name", row.full_name, None),
            ("E-mail at the platform", row.email, None),
            ("E-mail verified", row.email_verified, None),
            ("Linked since", row.linked_at, None),
            ("Last sign-in", row.signed_in_at, None),
            ("Tokens end", row.access_expires_at, None),
            ("Renewed next", row.renew_at, None),
            ("Refusals in a row", row.refusals, None),
            *sessions,
        ]

    def object_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        if not has_right(request, Right.MANAGE_MEMBERS) or row.state == MemberLink.State.DISCONNECTED:
            return {}
        return {"links": [("Disconnect", reverse("admin:member_disconnect", args=[row.pk]))]}

    def disconnect_view(self, request: HttpRequest, link_id: int) -> HttpResponse:
        """Ask for a reason, then delete the tokens and end the sessions."""
        require(request, Right.MANAGE_MEMBERS)
        row = self.find_object(request, str(link_id))
        form = DisconnectForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            links.disconnect(link=row, now=timezone.now(), reason=form.cleaned_data["reason"], **actor_of(request))
            messages.success(request, f"{row} is disconnected and signed out everywhere.")
            return HttpResponseRedirect(reverse(LIST))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Disconnect {row}",
            "crumbs": [("Linked members", reverse(LIST))],
            "form": form,
            "button": "Disconnect",
            "intro": "Their tokens are deleted and their sessions end at once. They may sign in again at any time.",
        }
        return TemplateResponse(request, "admin/form.html", context)
