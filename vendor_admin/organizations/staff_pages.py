"""Admin pages of organizations, of staff and their roles, and of users."""

from typing import Any

import structlog
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.cache import add_never_cache_headers
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from vendor_admin.organizations import audit, staff
from vendor_admin.organizations.forms import AnyPersonForm, NewPersonForm, RoleForm
from vendor_admin.organizations.lists import Badge, Column
from vendor_admin.organizations.models import Organization, StaffRole, User
from vendor_admin.organizations.pages import ReadOnlyAdmin, actor_of, has_right, is_operator, organization_of, require
from vendor_admin.organizations.roles import RIGHTS, Right
from vendor_admin.organizations.scope import organization_scope

log = structlog.get_logger()


class InstallationAdmin(ModelAdmin):
    """Pages of the whole installation, for operators alone.

    Django's own log of changes is never written: it knows no organization, and changes go to the audit.
    """

    show_full_result_count = False
    actions: Any = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_operator(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return is_operator(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_operator(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return is_operator(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Write nothing."""

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Write nothing."""

    def log_deletions(self, request: HttpRequest, queryset: QuerySet) -> Any:
        """Write nothing."""


@admin.register(Organization)
class OrganizationAdmin(InstallationAdmin):
    """Organizations of the installation. Removing one is a command, not a click."""

    list_display = ("name", "slug", "is_simulated", "created_at")
    fields = ("slug", "name", "is_simulated")

    def get_readonly_fields(self, request: HttpRequest, obj: Organization | None = None) -> tuple[str, ...]:
        return ("slug", "is_simulated") if obj else ()

    def save_model(self, request: HttpRequest, obj: Organization, form: ModelForm, change: bool) -> None:
        old = {name: form.initial.get(name) for name in form.changed_data} if change else {}
        super().save_model(request, obj, form, change)
        with organization_scope(obj.pk):
            audit.record(
                organization=obj,
                action="organization changed" if change else "organization added",
                subject=obj.slug,
                old=old,
                new={name: form.cleaned_data[name] for name in form.changed_data},
                **actor_of(request),
            )


@admin.register(User)
class UserAdmin(InstallationAdmin, DjangoUserAdmin):
    """All users of the installation."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "kind", "email", "is_active", "last_login")
    list_filter = ("kind", "is_active")
    search_fields = ("username", "email")
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password", "kind", "is_active", "is_staff")}),
        ("Person", {"fields": ("first_name", "last_name", "email", "time_zone")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "kind", "is_staff", "usable_password", "password1", "password2")}),)

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        log.info("user_changed", user=obj.username, actor=request.user.get_username(), fields=form.changed_data)


def _add(request: HttpRequest, organization: Organization, given: dict[str, Any]) -> tuple[StaffRole, bool]:
    """Give the role: to a user whom an operator named, else to somebody new (True). Raises StaffRefused."""
    actor = request.user
    if isinstance(actor, User) and actor.is_operator:
        known = User.objects.filter(username=given["username"]).first()
        if known is not None:
            role = staff.give_role(
                organization=organization,
                user=known,
                role=given["role"],
                actor=actor,
                reason=given["reason"],
                request_id=actor_of(request)["request_id"],
            )
            return role, False
    person = {name: given[name] for name in ("username", "email", "role")}
    return staff.add_person(organization=organization, **person, **actor_of(request)), True


def _role(row: Any) -> Badge:
    return Badge(row.get_role_display(), "good" if row.role == StaffRole.Role.OWNER else "calm")


@admin.register(StaffRole)
class StaffAdmin(ReadOnlyAdmin):
    """Who works for the organization."""

    heading = "Staff"
    view_right = Right.MANAGE_STAFF
    columns = (
        Column("User", lambda row: row.user.get_username()),
        Column("Name", lambda row: row.user.get_full_name()),
        Column("E-mail", lambda row: row.user.email),
        Column("Role", _role),
        Column("May", lambda row: ", ".join(sorted(RIGHTS[row.role]))),
        Column("Second factor", lambda row: "set up" if row.has_second_factor else "not yet"),
        Column("Last sign-in", lambda row: row.user.last_login),
    )
    intro = "People who work for this organization and what they may do."
    empty = "Nobody works for this organization yet."

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        factor = Authenticator.objects.filter(user=OuterRef("user"), type=Authenticator.Type.TOTP)
        rows = super().get_queryset(request).select_related("user", "organization")
        return rows.annotate(has_second_factor=Exists(factor))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return organization_of(request) is not None and has_right(request, Right.MANAGE_STAFF)

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:role_id>/remove/", wrap(self.remove_view), name="staff_remove"),
            path("<int:role_id>/invite/", wrap(self.invite_view), name="staff_invite"),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        organization = organization_of(request)
        if organization is None or not self.has_add_permission(request):
            return self.changelist_view(request)
        form = (AnyPersonForm if is_operator(request) else NewPersonForm)(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                added, is_new_person = _add(request, organization, form.cleaned_data)
                if is_new_person:
                    return self._invitation_page(request, added)
            except staff.StaffRefused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, f"{added.user} may sign in and work for {organization}.")
                return HttpResponseRedirect(reverse("admin:organizations_staffrole_changelist"))
        return self._form_page(request, form, title="Add staff", button="Give the role")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not has_right(request, Right.MANAGE_STAFF):
            return super().change_view(request, object_id, form_url, extra_context)
        row = self.find_object(request, object_id)
        form = RoleForm(request.POST or None, initial={"role": row.role})
        if request.method == "POST" and form.is_valid():
            try:
                staff.change_role(
                    staff_role=row,
                    role=form.cleaned_data["role"],
                    **actor_of(request),
                )
            except staff.StaffRefused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, f"The role of {row.user} is changed.")
                return HttpResponseRedirect(reverse("admin:organizations_staffrole_changelist"))
        actions = [("Take the role away", reverse("admin:staff_remove", args=[row.pk]))]
        if not row.user.has_usable_password():
            actions.insert(0, ("Make a password link", reverse("admin:staff_invite", args=[row.pk])))
        links = [("Reset the second factor", reverse("staff_reset_second_factor", args=[row.pk]))]
        return self._form_page(
            request, form, title=f"Role of {row.user}", button="Save", post_actions=actions, links=links
        )

    def invite_view(self, request: HttpRequest, role_id: int) -> HttpResponse:
        """Show a new link at which a person who has no password yet sets it (POST)."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        require(request, Right.MANAGE_STAFF)
        row = self.find_object(request, str(role_id))
        try:
            return self._invitation_page(request, row)
        except staff.StaffRefused as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(reverse("admin:organizations_staffrole_change", args=[row.pk]))

    def remove_view(self, request: HttpRequest, role_id: int) -> HttpResponse:
        """Take the role away (POST)."""
        row = self.find_object(request, str(role_id)) if has_right(request, Right.MANAGE_STAFF) else None
        if request.method == "POST" and row is not None:
            try:
                staff.take_role(staff_role=row, **actor_of(request))
                messages.success(request, f"{row.user} no longer works for {row.organization}.")
            except staff.StaffRefused as refused:
                messages.error(request, str(refused))
        return HttpResponseRedirect(reverse("admin:organizations_staffrole_changelist"))

    def _invitation_page(self, request: HttpRequest, row: StaffRole) -> HttpResponse:
        """The link, shown this once; raises StaffRefused. Never cached: who has it is let in."""
        invitation = staff.invitation(staff_role=row, **actor_of(request))
        address = reverse("set_password", args=[invitation.user_id, invitation.key])
        context = {
            **self.admin_site.each_context(request),
            "title": f"Password link for {row.user}",
            "crumbs": [("Staff", reverse("admin:organizations_staffrole_changelist"))],
            "person": row.user,
            "address": request.build_absolute_uri(address),
            "expires_at": invitation.expires_at,
        }
        response = TemplateResponse(request, "admin/invitation.html", context)
        add_never_cache_headers(response)
        return response

    def _form_page(self, request: HttpRequest, form: Any, *, title: str, button: str, **more: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "crumbs": [("Staff", reverse("admin:organizations_staffrole_changelist"))],
            "form": form,
            "button": button,
            **more,
        }
        return TemplateResponse(request, "admin/form.html", context)
