"""Admin pages of organizations, of staff and their roles, and of users."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.cache import add_never_cache_headers
from unfold.admin import ModelAdmin

from vendor_admin.errors import Conflict, InvalidFields, Refused
from vendor_admin.listing.admin_base import (
    ReadOnlyAdmin,
    actor_of,
    add_errors,
    has_right,
    is_operator,
    organization_of,
    require,
)
from vendor_admin.listing.lists import Badge, Column
from vendor_admin.organizations import audit
from vendor_admin.organizations.models import Organization, StaffRole, User
from vendor_admin.organizations.pages.email_pages import mail_link
from vendor_admin.organizations.pages.forms import AnyPersonForm, NewPersonForm, RoleForm, StaffReasonForm
from vendor_admin.organizations.pages.user_forms import ReasonedNewUserForm, ReasonedUserForm, SetPasswordForm
from vendor_admin.organizations.requests.fresh_code import require_fresh_code
from vendor_admin.organizations.roles import RIGHTS, Right
from vendor_admin.organizations.staff import email_addresses, passwords, people
from vendor_admin.organizations.staff import verbs as staff
from vendor_admin.organizations.tenancy.scope import organization_scope

WHAT_LINKS_DO = "At the link they choose their first password. It works once; whoever has it is let in."
WHAT_TAKING_DOES = "They see nothing of this organization any more. The user stays, with roles in other organizations."
NOT_AUDITED = {"reason", "password1", "password2"}


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

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_operator(request):
            require_fresh_code(request)
        answer: HttpResponse = super().changeform_view(request, *args, **kwargs)
        return answer

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
        # A new one has no id yet: its scope begins when it is there.
        with organization_scope(obj.pk) if change else transaction.atomic():
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

    form = ReasonedUserForm
    add_form = ReasonedNewUserForm
    list_display = ("username", "kind", "email", "is_active", "last_login")
    list_filter = ("kind", "is_active")
    search_fields = ("username", "email")
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password", "kind", "is_active", "is_staff")}),
        ("Person", {"fields": ("first_name", "last_name", "email", "time_zone")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
        ("Why", {"fields": ("reason",)}),
    )
    add_fieldsets = ((None, {"fields": ("username", "kind", "is_staff", "password1", "password2", "reason")}),)

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        given = {name: form.cleaned_data.get(name) for name in form.changed_data if name not in NOT_AUDITED}
        people.note_change(
            person=obj,
            old={name: form.initial.get(name) for name in given} if change else {},
            new=given,
            reason=form.cleaned_data["reason"],
            **actor_of(request),
        )

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Set a password for somebody, with a reason; one's own is changed with the old one."""
        person = self.get_object(request, id)
        if person is None or not self.has_change_permission(request, person):
            raise Http404
        if person == request.user:
            return HttpResponseRedirect(reverse("admin:password_change"))
        require_fresh_code(request)
        form = SetPasswordForm(person, request.POST if request.method == "POST" else None)
        back = reverse("admin:organizations_user_change", args=[person.pk])
        if request.method == "POST" and form.is_valid():
            form.save()
            passwords.note_set_for(person=person, reason=form.cleaned_data["reason"], **actor_of(request))
            messages.success(request, f"{person} has a new password, and is signed out everywhere.")
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Set a password for {person}",
            "crumbs": [("Users", reverse("admin:organizations_user_changelist")), (person.get_username(), back)],
            "intro": "For somebody who lost theirs. Make sure that it is really this person who asks. All of their "
            "sessions end; their second factor stays.",
            "form": form,
            "links": [("End all sessions", reverse("user_end_sessions", args=[person.pk]))],
            "button": "Set it",
        }
        return TemplateResponse(request, "admin/form.html", context)


def _add(request: HttpRequest, organization: Organization, given: dict[str, Any]) -> tuple[StaffRole, bool]:
    """Give the role: to a user whom an operator named, else to somebody new (True). Raises Refused."""
    if is_operator(request):
        known = User.objects.filter(username=given["username"]).first()
        if known is not None:
            role = staff.give_role(
                organization=organization,
                user=known,
                role=given["role"],
                reason=given["reason"],
                **actor_of(request),
            )
            return role, False
    person = {name: given[name] for name in ("username", "email", "role", "reason")}
    return staff.add_person(organization=organization, **person, **actor_of(request)), True


def _role(row: StaffRole) -> Badge:
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

    def get_urls(self) -> list[URLPattern]:
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
        require(request, Right.MANAGE_STAFF)
        form = (AnyPersonForm if is_operator(request) else NewPersonForm)(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                added, is_new_person = _add(request, organization, form.cleaned_data)
                if is_new_person:
                    return self._invitation_page(request, added, reason=form.cleaned_data["reason"])
            except (Conflict, InvalidFields, Refused) as refused:
                add_errors(form, refused)
            else:
                messages.success(request, f"{added.user} may sign in and work for {organization}.")
                return HttpResponseRedirect(reverse("admin:organizations_staffrole_changelist"))
        return self._form_page(request, form, title="Add staff", button="Give the role")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not has_right(request, Right.MANAGE_STAFF):
            return super().change_view(request, object_id, form_url, extra_context)
        require(request, Right.MANAGE_STAFF)
        row = self.find_object(request, object_id)
        form = RoleForm(request.POST or None, initial={"role": row.role})
        if request.method == "POST" and form.is_valid():
            try:
                staff.change_role(
                    staff_role=row,
                    role=form.cleaned_data["role"],
                    reason=form.cleaned_data["reason"],
                    **actor_of(request),
                )
            except (Conflict, InvalidFields, Refused) as refused:
                add_errors(form, refused)
            else:
                messages.success(request, f"The role of {row.user} is changed.")
                return HttpResponseRedirect(reverse("admin:organizations_staffrole_changelist"))
        links = [
            ("Take the role away", reverse("admin:staff_remove", args=[row.pk])),
            ("End all sessions", reverse("staff_end_sessions", args=[row.pk])),
            ("Reset the second factor", reverse("staff_reset_second_factor", args=[row.pk])),
        ]
        if not row.user.has_usable_password():
            links.insert(0, ("Make a password link", reverse("admin:staff_invite", args=[row.pk])))
        return self._form_page(request, form, title=f"Role of {row.user}", button="Save", links=links)

    def invite_view(self, request: HttpRequest, role_id: int) -> HttpResponse:
        """Show a new link, with a reason, at which a person who has no password yet sets it."""
        require(request, Right.MANAGE_STAFF)
        row = self.find_object(request, str(role_id))
        form = StaffReasonForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                return self._invitation_page(request, row, reason=form.cleaned_data["reason"])
            except (Conflict, InvalidFields, Refused) as refused:
                add_errors(form, refused)
        title = f"Make a password link for {row.user}"
        return self._form_page(request, form, title=title, button="Make the link", intro=WHAT_LINKS_DO)

    def remove_view(self, request: HttpRequest, role_id: int) -> HttpResponse:
        """Take the role away, with a reason."""
        require(request, Right.MANAGE_STAFF)
        row = self.find_object(request, str(role_id))
        form = StaffReasonForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                staff.take_role(staff_role=row, reason=form.cleaned_data["reason"], **actor_of(request))
            except (Conflict, InvalidFields, Refused) as refused:
                add_errors(form, refused)
            else:
                messages.success(request, f"{row.user} no longer works for {row.organization}.")
                return HttpResponseRedirect(reverse("admin:organizations_staffrole_changelist"))
        title = f"Take the role of {row.user} away"
        return self._form_page(request, form, title=title, button="Take it away", intro=WHAT_TAKING_DOES)

    def _invitation_page(self, request: HttpRequest, row: StaffRole, *, reason: str) -> HttpResponse:
        """The link, shown this once; raises Refused. Never cached: who has it is let in."""
        invitation = staff.invitation(staff_role=row, reason=reason, **actor_of(request))
        address = reverse("set_password", args=[invitation.user_id, invitation.key])
        is_mailed = bool(row.user.email) and email_addresses.can_send()
        if is_mailed:
            mail_link(request, row.user)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Password link for {row.user}",
            "crumbs": [("Staff", reverse("admin:organizations_staffrole_changelist"))],
            "person": row.user,
            "address": request.build_absolute_uri(address),
            "expires_at": invitation.expires_at,
            "is_mailed": is_mailed,
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
