"""Admin pages of how the member pages look."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from oauth_bridge.admin.forms import SiteForm
from oauth_bridge.models import MemberSite
from oauth_bridge.site import site as member_site
from vendor_admin.errors import InvalidFields
from vendor_admin.listing.admin_base import ReadOnlyAdmin, actor_of, add_errors, has_right, organization_of, require
from vendor_admin.listing.lists import Column
from vendor_admin.listing.uploads import takes_files
from vendor_admin.organizations.roles import Right

LIST = "admin:oauth_bridge_membersite_changelist"


@admin.register(MemberSite)
class MemberSiteAdmin(ReadOnlyAdmin):
    """Name, colour and logo of the member pages: one row at most."""

    heading = "Member pages"
    columns = (
        Column("Name", lambda row: row.title or row.organization.name),
        Column("Colour", lambda row: row.colour),
        Column("Logo", lambda row: bool(row.logo_type)),
        Column("Whom members ask", lambda row: row.help_text),
        Column("Changed", lambda row: row.changed_at),
    )
    intro = "How the pages that members see look. Their address is under Member sign-in."
    empty = "They show the organization's name in our own blue. Add your name, colour and logo."

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("organization").defer("logo")

    def has_add_permission(self, request: HttpRequest) -> bool:
        may = organization_of(request) is not None and has_right(request, Right.MANAGE_MEMBER_SIGN_IN)
        return may and not self.get_queryset(request).exists()

    @takes_files
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self._edit(request)

    @takes_files
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not has_right(request, Right.MANAGE_MEMBER_SIGN_IN):
            return super().change_view(request, object_id, form_url, extra_context)
        self.find_object(request, object_id)
        return self._edit(request)

    def _edit(self, request: HttpRequest) -> HttpResponse:
        require(request, Right.MANAGE_MEMBER_SIGN_IN)
        organization = organization_of(request)
        if organization is None:
            return HttpResponseRedirect(reverse("admin:index"))
        form = SiteForm(request.POST or None, request.FILES or None, stored=self.get_queryset(request).first())
        if request.method == "POST" and form.is_valid():
            try:
                member_site.change_look(
                    organization=organization,
                    values={name: form.cleaned_data[name] for name in member_site.CHANGEABLE},
                    logo=form.logo_content(),
                    reason=form.cleaned_data["reason"],
                    **actor_of(request),
                )
            except InvalidFields as invalid:
                add_errors(form, invalid)
            else:
                messages.success(request, "Saved. Members see it at their next page.")
                return HttpResponseRedirect(reverse(LIST))
        context = {
            **self.admin_site.each_context(request),
            "title": "Look of the member pages",
            "crumbs": [("Member pages", reverse(LIST))],
            "form": form,
            "button": "Save",
        }
        return TemplateResponse(request, "admin/form.html", context)
