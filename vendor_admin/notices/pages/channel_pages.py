"""Pages of notice channels, for owners: where notices go beside the admin."""

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
from vendor_admin.notices import channels, email
from vendor_admin.notices.models import Delivery, NoticeChannel, NoticeKind
from vendor_admin.notices.pages.forms import ChannelForm
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy import database_clock

LIST = "admin:notices_noticechannel_changelist"
DELIVERIES_SHOWN = 20
WHAT_REMOVES = (
    "Nothing more goes there, and the record of what went there is removed, too. The audit keeps that it was."
)
VERBS = {
    "switch-off": (channels.switch_off, "Switched off: nothing more is sent there, nor what still waited."),
    "switch-on": (channels.switch_on, "Switched on: what happens from now on is sent there."),
}


def _state(row: Any) -> Badge:
    if not row.is_enabled:
        return Badge("off", "calm")
    return Badge("failing", "bad") if row.failing_since else Badge("on", "good")


def _kinds(row: Any) -> str:
    everything = len(row.kinds) == len(NoticeKind.values)
    return "all" if everything else ", ".join(NoticeKind(kind).label for kind in row.kinds)


@admin.register(NoticeChannel)
class NoticeChannelAdmin(ReadOnlyAdmin):
    """Where notices go."""

    heading = "Alert destinations"
    view_right = Right.MANAGE_NOTICES
    object_template = "admin/notices/channel.html"
    columns = (
        Column("Destination", str),
        Column("State", _state),
        Column("Alerts", _kinds),
        Column("Failing since", lambda row: row.failing_since),
        Column("Last problem", lambda row: row.problem),
        Column("Added by", lambda row: row.created_by),
    )
    intro = "Alerts also go to people by e-mail, and to programs as signed webhooks. At most one message about the "
    intro += "same thing in five minutes."
    empty = "Alerts are shown in the admin only. Add a destination to have them sent."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("organization").defer("secret")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return organization_of(request) is not None and has_right(request, Right.MANAGE_NOTICES)

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        views = {
            "edit": self.edit_view,
            "test": self.test_view,
            "secret": self.secret_view,
            "remove": self.remove_view,
            "deliveries": self.deliveries_view,
            **{name: self._verb_view(name) for name in VERBS},
        }
        own = [
            path(f"<int:channel_id>/{name}/", wrap(view), name=f"notice_channel_{name.replace('-', '_')}")
            for name, view in views.items()
        ]
        return [*own, *super().get_urls()]

    def title_of(self, row: Any) -> str:
        return capfirst(str(row)) if row.medium == NoticeChannel.Medium.WEBHOOK else str(row)

    def facts(self, request: HttpRequest, row: Any) -> list[tuple[str, object, str | None]]:
        is_webhook = row.medium == NoticeChannel.Medium.WEBHOOK
        return [
            ("State", _state(row), None),
            ("Goes to", row.url if is_webhook else ", ".join(row.addresses), None),
            ("Alerts", _kinds(row), None),
            ("Signing secret", "stored encrypted; never shown again" if is_webhook else None, None),
            ("Secret changed", row.secret_changed_at, None),
            ("Last problem", row.problem, None),
            ("Added", row.created_at, None),
            ("Added by", row.created_by, None),
        ]

    def object_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        def address(name: str) -> str:
            return reverse(f"admin:notice_channel_{name}", args=[row.pk])

        actions = [("Send a test message", address("test"))]
        actions.append(("Switch off", address("switch_off")) if row.is_enabled else ("Switch on", address("switch_on")))
        if row.medium == NoticeChannel.Medium.WEBHOOK:
            actions.append(("New secret", address("secret")))
        return {
            "channel": row,
            "links": [("Change", address("edit")), ("Remove", address("remove"))],
            "post_actions": actions,
            "deliveries_url": address("deliveries"),
            "deliveries": self._deliveries(row),
            "can_mail": email.can_send() or row.medium == NoticeChannel.Medium.WEBHOOK,
        }

    def deliveries_view(self, request: HttpRequest, channel_id: int) -> HttpResponse:
        """The part of the channel's page that renews itself."""
        require(request, self.view_right, asks_code=False)
        channel = self.find_object(request, str(channel_id))
        return TemplateResponse(request, "admin/notices/deliveries.html", {"deliveries": self._deliveries(channel)})

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        require(request, Right.MANAGE_NOTICES)
        organization = organization_of(request)
        if organization is None:
            return HttpResponseRedirect(reverse("admin:index"))
        form = ChannelForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            given = {"organization": organization, "now": database_clock.now(), **form.values(), **actor_of(request)}
            try:
                if "addresses" in given:
                    channel = channels.add_email_channel(**given)
                    messages.success(request, "Added. Send a test message to see whether it arrives.")
                    return HttpResponseRedirect(reverse("admin:notices_noticechannel_change", args=[channel.pk]))
                return self._secret_page(request, *channels.add_webhook(**given))
            except (Conflict, InvalidFields) as problem:
                add_errors(form, problem)
        intro = "" if email.can_send() else email.NO_MAIL_SERVER
        return self._form_page(request, form, title="Add alert destination", button="Add", intro=intro)

    def edit_view(self, request: HttpRequest, channel_id: int) -> HttpResponse:
        """The form of an existing channel."""
        require(request, Right.MANAGE_NOTICES)
        channel = self.find_object(request, str(channel_id))
        form = ChannelForm(request.POST or None, channel=channel)
        if request.method == "POST" and form.is_valid():
            try:
                channels.change_channel(channel=channel, changes=form.values(), **actor_of(request))
            except InvalidFields as problem:
                add_errors(form, problem)
            else:
                messages.success(request, "Saved.")
                return HttpResponseRedirect(reverse("admin:notices_noticechannel_change", args=[channel.pk]))
        return self._form_page(request, form, title=f"Change {channel}", button="Save")

    def test_view(self, request: HttpRequest, channel_id: int) -> HttpResponse:
        """Have a worker send a test message; its row on the channel's page tells what the receiver answered (POST)."""
        channel = self._for_change(request, channel_id)
        if isinstance(channel, HttpResponse):
            return channel
        try:
            channels.send_test(channel=channel, now=database_clock.now(), **actor_of(request))
            messages.info(request, "A test message is on its way. What the receiver answered appears below in seconds.")
        except Conflict as problem:
            messages.warning(request, problem.text)
        return HttpResponseRedirect(reverse("admin:notices_noticechannel_change", args=[channel.pk]))

    def secret_view(self, request: HttpRequest, channel_id: int) -> HttpResponse:
        """Make a new signing secret and show it this once (POST)."""
        channel = self._for_change(request, channel_id)
        if isinstance(channel, HttpResponse):
            return channel
        try:
            secret = channels.renew_secret(channel=channel, now=database_clock.now(), **actor_of(request))
        except Conflict as problem:
            messages.error(request, problem.text)
            return HttpResponseRedirect(reverse("admin:notices_noticechannel_change", args=[channel.pk]))
        return self._secret_page(request, channel, secret, is_renewed=True)

    def remove_view(self, request: HttpRequest, channel_id: int) -> HttpResponse:
        """Ask once more, then remove the channel."""
        require(request, Right.MANAGE_NOTICES)
        channel = self.find_object(request, str(channel_id))
        if request.method == "POST":
            channels.remove_channel(channel=channel, **actor_of(request))
            messages.success(request, f"{channel} is removed.")
            return HttpResponseRedirect(reverse(LIST))
        return self._form_page(request, Form(), title=f"Remove {channel}", button="Remove it", intro=WHAT_REMOVES)

    def _verb_view(self, name: str) -> Any:
        verb, said = VERBS[name]

        def handle(request: HttpRequest, channel_id: int) -> HttpResponse:
            channel = self._for_change(request, channel_id)
            if isinstance(channel, HttpResponse):
                return channel
            verb(channel=channel, **actor_of(request))
            messages.success(request, said)
            return HttpResponseRedirect(reverse("admin:notices_noticechannel_change", args=[channel.pk]))

        return handle

    def _for_change(self, request: HttpRequest, channel_id: int) -> NoticeChannel | HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        require(request, Right.MANAGE_NOTICES)
        found: NoticeChannel = self.find_object(request, str(channel_id))
        return found

    def _deliveries(self, channel: NoticeChannel) -> list[Delivery]:
        rows = Delivery.objects.filter(channel=channel).select_related("notice", "channel")
        return list(rows.defer("channel__secret").order_by("-id")[:DELIVERIES_SHOWN])

    def _secret_page(
        self, request: HttpRequest, channel: NoticeChannel, secret: str, *, is_renewed: bool = False
    ) -> HttpResponse:
        """The signing secret, shown this once; never cached."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"Signing secret of the {channel}",
            "crumbs": [("Alert destinations", reverse(LIST))],
            "back": reverse("admin:notices_noticechannel_change", args=[channel.pk]),
            "secret": secret,
            "is_renewed": is_renewed,
        }
        response = TemplateResponse(request, "admin/notices/secret.html", context)
        add_never_cache_headers(response)
        return response

    def _form_page(self, request: HttpRequest, form: Form, *, title: str, button: str, intro: str = "") -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "crumbs": [("Alert destinations", reverse(LIST))],
            "form": form,
            "button": button,
            "intro": intro,
        }
        return TemplateResponse(request, "admin/notices/form.html", context)
