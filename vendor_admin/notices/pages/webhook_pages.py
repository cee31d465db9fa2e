"""Pages of event webhooks: where partners are told of events, what was sent there, and sending it again."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.text import capfirst

from vendor_admin.errors import Conflict, InvalidFields
from vendor_admin.listing.admin_base import ReadOnlyAdmin, actor_of, add_errors, has_right, organization_of, require
from vendor_admin.listing.lists import Badge, Column
from vendor_admin.notices.event_webhooks import verbs
from vendor_admin.notices.event_webhooks.order import DOWN_FROM
from vendor_admin.notices.event_webhooks.switching import switch_off, switch_on
from vendor_admin.notices.models import EventWebhook, WebhookDelivery
from vendor_admin.notices.pages.webhook_forms import WebhookForm
from vendor_admin.organizations.actors import label_of
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy import database_clock

LIST = "admin:notices_eventwebhook_changelist"
DELIVERIES_SHOWN = 50
WHAT_REMOVES = "Nothing more goes there, and the log of what went there is removed. The audit keeps that it was."


def _state(row: Any) -> Badge:
    if not row.is_enabled:
        return Badge("off", "bad" if row.off_because else "calm")
    return Badge("failing", "bad") if row.failing_since else Badge("on", "good")


@admin.register(EventWebhook)
class EventWebhookAdmin(ReadOnlyAdmin):
    """Where events go."""

    heading = "Webhooks"
    view_right = Right.MANAGE_WEBHOOKS
    object_template = "admin/notices/webhook.html"
    list_template = "admin/notices/webhooks.html"
    columns = (
        Column("Webhook", str),
        Column("State", _state),
        Column("Events", lambda row: ", ".join(row.event_types)),
        Column("For", lambda row: row.description),
        Column("Last arrival", lambda row: row.arrived_at),
        Column("Failing since", lambda row: row.failing_since),
        Column("Last problem", lambda row: row.problem),
    )
    intro = (
        "Programs of partners are told of events here, by signed messages. What a receiver misses is sent again for "
    )
    intro += "three days, in order for each account; after five days without an arrival a webhook is switched off."
    empty = "No program is told of events. Add a webhook, or let the program read the list of events."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("organization").defer("secret")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return organization_of(request) is not None and has_right(request, Right.MANAGE_WEBHOOKS)

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        views = {
            "edit": self.edit_view,
            "test": self.test_view,
            "secret": self.secret_view,
            "remove": self.remove_view,
            "switch": self.switch_view,
            "deliveries": self.deliveries_view,
        }
        own = [path(f"<int:webhook_id>/{name}/", wrap(view), name=f"webhook_{name}") for name, view in views.items()]
        again = path(
            "<int:webhook_id>/deliveries/<int:delivery_id>/resend/", wrap(self.resend_view), name="webhook_resend"
        )
        return [*own, again, *super().get_urls()]

    def title_of(self, row: Any) -> str:
        return capfirst(str(row))

    def facts(self, request: HttpRequest, row: Any) -> list[tuple[str, object, str | None]]:
        return [
            ("State", _state(row), None),
            ("Switched off because", row.off_because, None),
            ("Goes to", row.url, None),
            ("For", row.description, None),
            ("Events", ", ".join(row.event_types), None),
            ("Sends", "the object as received" if row.is_with_object else "ids and a link", None),
            ("Signing secret", "stored encrypted; never shown again", None),
            ("Secret changed", row.secret_changed_at, None),
            ("Last arrival", row.arrived_at, None),
            ("Last problem", row.problem, None),
            ("Added", row.created_at, None),
            ("Added by", label_of(row.created_by), None),
        ]

    def object_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        def address(name: str) -> str:
            return reverse(f"admin:webhook_{name}", args=[row.pk])

        switch = ("Switch off" if row.is_enabled else "Switch on", address("switch"))
        tests = [("Send a test event", address("test"))] if row.is_enabled else []
        return {
            "links": [("Change", address("edit")), ("Remove", address("remove"))],
            "post_actions": [*tests, switch, ("New secret", address("secret"))],
            "deliveries_url": address("deliveries"),
            **self._deliveries_context(row),
        }

    def deliveries_view(self, request: HttpRequest, webhook_id: int) -> HttpResponse:
        """The part of the webhook's page that renews itself."""
        require(request, self.view_right, asks_code=False)
        webhook = self.find_object(request, str(webhook_id))
        return TemplateResponse(request, "admin/notices/webhook_deliveries.html", self._deliveries_context(webhook))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        require(request, Right.MANAGE_WEBHOOKS)
        organization = organization_of(request)
        if organization is None:
            return HttpResponseRedirect(reverse("admin:index"))
        form = WebhookForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            given: dict[str, Any] = {"organization": organization, "now": database_clock.now(), **actor_of(request)}
            try:
                return self._secret_page(request, *verbs.add_webhook(values=form.values(), **given))
            except (Conflict, InvalidFields) as problem:
                add_errors(form, problem)
        return self._form_page(request, form, title="Add webhook", button="Add")

    def edit_view(self, request: HttpRequest, webhook_id: int) -> HttpResponse:
        """The form of an existing webhook."""
        require(request, Right.MANAGE_WEBHOOKS)
        webhook = self.find_object(request, str(webhook_id))
        form = WebhookForm(request.POST or None, webhook=webhook)
        if request.method == "POST" and form.is_valid():
            try:
                given: dict[str, Any] = {"now": database_clock.now(), **actor_of(request)}
                verbs.change_webhook(webhook=webhook, values=form.values(), **given)
            except InvalidFields as problem:
                add_errors(form, problem)
            else:
                messages.success(request, "Saved.")
                return self._to(webhook)
        return self._form_page(request, form, title=f"Change {webhook}", button="Save")

    def test_view(self, request: HttpRequest, webhook_id: int) -> HttpResponse:
        """Have a worker send a test event; its row on the page tells what the receiver answered (POST)."""
        webhook = self._for_change(request, webhook_id)
        if isinstance(webhook, HttpResponse):
            return webhook
        try:
            verbs.send_test(webhook=webhook, now=database_clock.now(), **actor_of(request))
            messages.info(request, "A test event is on its way. What the receiver answered appears below in seconds.")
        except Conflict as problem:
            messages.warning(request, problem.text)
        return self._to(webhook)

    def switch_view(self, request: HttpRequest, webhook_id: int) -> HttpResponse:
        """Switch it off, or on (POST)."""
        webhook = self._for_change(request, webhook_id)
        if isinstance(webhook, HttpResponse):
            return webhook
        if webhook.is_enabled:
            switch_off(webhook=webhook, **actor_of(request))
            messages.success(request, "Switched off: nothing more is sent there, nor what still waited.")
        else:
            switch_on(webhook=webhook, now=database_clock.now(), **actor_of(request))
            messages.success(request, "Switched on: what happens from now on is sent there.")
        return self._to(webhook)

    def resend_view(self, request: HttpRequest, webhook_id: int, delivery_id: int) -> HttpResponse:
        """Send one delivery again (POST)."""
        webhook = self._for_change(request, webhook_id)
        if isinstance(webhook, HttpResponse):
            return webhook
        rows = WebhookDelivery.objects.select_related("webhook__organization").filter(webhook=webhook)
        delivery = rows.filter(pk=delivery_id).first()
        if delivery is None:
            messages.error(request, "This delivery is not in the log any more: it keeps a week.")
            return self._to(webhook)
        try:
            verbs.resend(delivery=delivery, now=database_clock.now(), **actor_of(request))
            messages.info(request, f"{delivery.event_type} is sent again, under the same id.")
        except Conflict as problem:
            messages.warning(request, problem.text)
        return self._to(webhook)

    def secret_view(self, request: HttpRequest, webhook_id: int) -> HttpResponse:
        """Make a new signing secret and show it this once (POST)."""
        webhook = self._for_change(request, webhook_id)
        if isinstance(webhook, HttpResponse):
            return webhook
        secret = verbs.roll_secret(webhook=webhook, now=database_clock.now(), **actor_of(request))
        return self._secret_page(request, webhook, secret, is_renewed=True)

    def remove_view(self, request: HttpRequest, webhook_id: int) -> HttpResponse:
        """Ask once more, then remove the webhook."""
        require(request, Right.MANAGE_WEBHOOKS)
        webhook = self.find_object(request, str(webhook_id))
        if request.method == "POST":
            verbs.remove_webhook(webhook=webhook, **actor_of(request))
            messages.success(request, f"The {webhook} is removed.")
            return HttpResponseRedirect(reverse(LIST))
        return self._form_page(request, Form(), title=f"Remove {webhook}", button="Remove it", intro=WHAT_REMOVES)

    def _for_change(self, request: HttpRequest, webhook_id: int) -> EventWebhook | HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        require(request, Right.MANAGE_WEBHOOKS)
        found: EventWebhook = self.find_object(request, str(webhook_id))
        return found

    def _to(self, webhook: EventWebhook) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:notices_eventwebhook_change", args=[webhook.pk]))

    def _deliveries_context(self, webhook: EventWebhook) -> dict[str, Any]:
        """The last deliveries; `failing_until` is when a receiver that takes nothing is tried next."""
        deliveries = WebhookDelivery.objects.filter(webhook=webhook).order_by("-id")[:DELIVERIES_SHOWN]
        is_down = webhook.failing_since is not None and webhook.tries_in_vain >= DOWN_FROM
        return {
            "deliveries": list(deliveries),
            "can_resend": webhook.is_enabled,
            "failing_until": webhook.not_before if is_down else None,
        }

    def _secret_page(
        self, request: HttpRequest, webhook: EventWebhook, secret: str, *, is_renewed: bool = False
    ) -> HttpResponse:
        """The signing secret, shown this once; never cached."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"Signing secret of the {webhook}",
            "crumbs": [("Webhooks", reverse(LIST))],
            "secret": secret,
            "is_renewed": is_renewed,
            "back": reverse("admin:notices_eventwebhook_change", args=[webhook.pk]),
        }
        response = TemplateResponse(request, "admin/notices/secret.html", context)
        add_never_cache_headers(response)
        return response

    def _form_page(self, request: HttpRequest, form: Form, *, title: str, button: str, intro: str = "") -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "crumbs": [("Webhooks", reverse(LIST))],
            "form": form,
            "button": button,
            "intro": intro,
        }
        return TemplateResponse(request, "admin/notices/form.html", context)
