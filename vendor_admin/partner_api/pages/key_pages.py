"""Admin pages of API keys: the list, a new one, the text that is shown once, roll, revoke."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import Sum
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from vendor_admin.errors import Conflict, InvalidFields
from vendor_admin.listing.admin_base import ReadOnlyAdmin, actor_of, add_errors, has_right, organization_of, require
from vendor_admin.listing.lists import Badge, Column, Filter
from vendor_admin.organizations.actors import label_of
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.test_organizations import find_test_organization
from vendor_admin.partner_api.keys.verbs import MadeKey, make_key, revoke_key, roll_key
from vendor_admin.partner_api.models import ApiKey, RequestCount
from vendor_admin.partner_api.pages.forms import KeyForm, RevokeForm, RollForm
from vendor_admin.partner_api.scopes import PARTNER_SCOPES
from vendor_admin.partner_api.site import site_of

LIST = "admin:partner_api_apikey_changelist"
OBJECT = "admin:partner_api_apikey_change"
_WORDS = {scope.name: scope.words for scope in PARTNER_SCOPES}
_STATES = (("works", "works"), ("ended", "revoked or expired"))


def _state(row: ApiKey) -> Badge:
    now = timezone.now()
    if row.revoked_at is not None:
        return Badge("revoked", "bad")
    if not row.works(now=now):
        return Badge("expired", "bad")
    if row.previous_ends_at is not None and row.previous_ends_at > now:
        return Badge("works, and the one before", "warn")
    return Badge("works", "good")


def _kind(row: ApiKey) -> Badge:
    return Badge("test") if row.is_test else Badge("live", "good")


def _kinds_of(organization: Organization) -> tuple[str, ...]:
    """Kinds of keys that are made on an organization's page, the usual one first."""
    if organization.test_of_id is not None:
        return ("test",)
    if organization.is_simulated:
        return ("test", "live")
    return ("live",) if find_test_organization(organization) is None else ("live", "test")


def _by_state(rows: Any, state: object) -> Any:
    working = ApiKey.working(now=timezone.now())
    return rows.filter(working if state == "works" else ~working)


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """Keys by which programs call the partner API."""

    heading = "API keys"
    view_right = Right.MANAGE_API_KEYS
    object_template = "admin/partner_api/key.html"
    list_template = "admin/partner_api/keys.html"
    filters = (Filter("state", "State", choices=_STATES, apply=_by_state),)
    columns = (
        Column("Name", lambda row: row.name),
        Column("State", _state),
        Column("Kind", _kind),
        Column("Ends with", lambda row: f"…{row.ending}"),
        Column("Scopes", lambda row: ", ".join(row.scopes)),
        Column("Last used", lambda row: row.used_at, is_age=True),
        Column("Requests today", lambda row: f"{row.requests_today:,}", is_number=True),
        Column("Expires", lambda row: row.expires_at),
    )
    intro = (
        "A program calls the partner API with a key, in your organization's name and as far as its scopes allow. "
        "Each program has a key of its own, so that one can be replaced without the others."
    )
    empty = "No key yet. Make one, and give it to the program's developer by a way that only they can read."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return organization_of(request) is not None and has_right(request, Right.MANAGE_API_KEYS)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("digest", "previous_digest")

    def join(self, rows: list[Any], *, organization_id: int) -> None:
        """Requests of today by UTC, as the counts have them. One query."""
        midnight = datetime.combine(timezone.now().astimezone(UTC).date(), datetime.min.time(), tzinfo=UTC)
        today = RequestCount.objects.filter(
            organization_id=organization_id, minute__gte=midnight, caller__in=[row.public_id for row in rows]
        )
        counts = dict(today.order_by().values_list("caller").annotate(sum=Sum("count")))
        for row in rows:
            row.requests_today = counts.get(row.public_id, 0)

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:key_id>/roll/", wrap(self.roll_view), name="api_key_roll"),
            path("<int:key_id>/revoke/", wrap(self.revoke_view), name="api_key_revoke"),
            *super().get_urls(),
        ]

    def facts(self, request: HttpRequest, row: Any) -> list[tuple[str, object, str | None]]:
        facts: list[tuple[str, object]] = [
            ("State", _state(row)),
            ("Kind", _kind(row)),
            ("Id", row.public_id),
            ("Ends with", f"…{row.ending}"),
            ("May be used from", ", ".join(row.allowed_addresses) or "everywhere"),
            ("If it is sent in an address", "it is revoked" if row.is_revoked_when_leaked else "you get an alert"),
            ("Version of the API", row.version),
            ("Expires", row.expires_at or "never"),
            ("Made", row.created_at),
            ("Made by", label_of(row.created_by)),
            ("Last used", row.used_at or "never"),
            ("Requests today (UTC)", f"{row.requests_today:,}"),
        ]
        if row.rolled_at is not None:
            facts += [("Rolled", row.rolled_at), ("Rolled by", label_of(row.rolled_by))]
        if row.previous_ends_at is not None and row.previous_ends_at > timezone.now() and row.revoked_at is None:
            facts.append(("The key before works until", row.previous_ends_at))
        if row.revoked_at is not None:
            facts.append(("Revoked", row.revoked_at))
        return [(name, value, None) for name, value in facts]

    def object_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        verbs = [("Roll", reverse("admin:api_key_roll", args=[row.pk]))]
        verbs.append(("Revoke", reverse("admin:api_key_revoke", args=[row.pk])))
        return {
            "links": verbs if row.works(now=timezone.now()) else [],
            "scopes": [(name, _WORDS.get(name, "gives nothing any more")) for name in row.scopes],
        }

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The form of a new key; its answer shows the text."""
        require(request, Right.MANAGE_API_KEYS)
        organization = organization_of(request)
        if organization is None:
            return HttpResponseRedirect(reverse("admin:index"))
        form = KeyForm(request.POST or None, kinds=_kinds_of(organization))
        if request.method == "POST" and form.is_valid():
            now = timezone.now()
            try:
                made = make_key(organization=organization, now=now, **form.values(now=now), **actor_of(request))
            except InvalidFields as invalid:
                add_errors(form, invalid)
            else:
                return self._show(request, made)
        intro = (
            "The next page shows the key, once. Whoever has it can do what you choose here, without a second factor."
        )
        return self._form_page(request, form, title="Make an API key", button="Make it", intro=intro)

    def roll_view(self, request: HttpRequest, key_id: int) -> HttpResponse:
        """Another text for the same key."""
        row = self._row(request, key_id)
        form = RollForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                made = roll_key(
                    key=row,
                    overlap=form.overlap_chosen(),
                    now=timezone.now(),
                    reason=form.cleaned_data["reason"],
                    **actor_of(request),
                )
            except (InvalidFields, Conflict) as problem:
                add_errors(form, problem)
            else:
                return self._show(request, made)
        intro = "The key gets another text with the same scopes and the same end. Its name and its history stay."
        return self._form_page(request, form, title=f"Roll {row.name}", button="Roll it", intro=intro, row=row)

    def revoke_view(self, request: HttpRequest, key_id: int) -> HttpResponse:
        """Ask once more, then end it."""
        row = self._row(request, key_id)
        form = RevokeForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            revoke_key(key=row, now=timezone.now(), reason=form.cleaned_data["reason"], **actor_of(request))
            messages.success(request, f"{row.name} is revoked: it opens nothing any more.")
            return HttpResponseRedirect(reverse(OBJECT, args=[row.pk]))
        intro = (
            "It ends at once and for good. What its program asks for is refused, and its plans that are running pause "
            "until somebody takes them over. To replace it without a stop, roll it instead."
        )
        return self._form_page(request, form, title=f"Revoke {row.name}", button="Revoke it", intro=intro, row=row)

    def _row(self, request: HttpRequest, key_id: int) -> ApiKey:
        require(request, Right.MANAGE_API_KEYS)
        found: ApiKey = self.find_object(request, str(key_id))
        return found

    def _show(self, request: HttpRequest, made: MadeKey) -> HttpResponse:
        """The answer to the POST itself, so that the text is in no address, no session and no cache."""
        is_elsewhere = made.key.organization != organization_of(request)
        context = {
            **self.admin_site.each_context(request),
            "title": f"The key of {made.key.name}",
            "crumbs": [("API keys", reverse(LIST))],
            "key": made.key,
            "text": made.text,
            "site": site_of(request),
            "object_url": reverse(LIST) if is_elsewhere else reverse(OBJECT, args=[made.key.pk]),
            "is_elsewhere": is_elsewhere,
        }
        response = TemplateResponse(request, "admin/partner_api/key_shown.html", context)
        add_never_cache_headers(response)
        return response

    def _form_page(
        self, request: HttpRequest, form: Form, *, title: str, button: str, intro: str, row: ApiKey | None = None
    ) -> HttpResponse:
        crumbs = [("API keys", reverse(LIST))]
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "crumbs": crumbs if row is None else [*crumbs, (row.name, reverse(OBJECT, args=[row.pk]))],
            "form": form,
            "button": button,
            "intro": intro,
            "links": [],
        }
        return TemplateResponse(request, "admin/portal_form.html", context)
