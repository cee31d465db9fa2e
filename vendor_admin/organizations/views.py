"""The front page, and the small pages about oneself: which organization one works for, and one's time zone."""

import functools
from zoneinfo import available_timezones

import structlog
from django.contrib import admin, messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from vendor_admin.organizations.models import Organization, User
from vendor_admin.organizations.requests.current import enter_organization, leave_organization, organizations_of

log = structlog.get_logger()
LONGEST_REASON = 500


@login_not_required
def front_page(request: HttpRequest) -> HttpResponse:
    """What this is, and the way to the sign-in."""
    return TemplateResponse(request, "front.html")


@require_POST
def enter(request: HttpRequest) -> HttpResponse:
    """Work for another organization. Operators say why; it is written to that organization's audit."""
    user = request.user
    if not isinstance(user, User):
        raise Http404
    chosen = request.POST.get("organization", "")
    allowed = {str(one.pk): one for one in organizations_of(user)}
    organization: Organization | None = allowed.get(chosen)
    if organization is None:
        raise Http404("There is no such organization.")
    reason = request.POST.get("reason", "").replace("\x00", "").strip()[:LONGEST_REASON]
    if user.is_operator and not reason:
        messages.error(
            request, "Say in a few words why you enter: the organization's owners can read it in their audit."
        )
        return HttpResponseRedirect(reverse("admin:index"))
    enter_organization(request=request, organization=organization, reason=reason)
    messages.success(request, f"You now work for {organization}.")
    return HttpResponseRedirect(reverse("admin:index"))


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Forget the chosen organization: an operator sees no organization's data any more."""
    leave_organization(request=request)
    return HttpResponseRedirect(reverse("admin:index"))


def preferences(request: HttpRequest) -> HttpResponse:
    """The viewer's time zone."""
    zones = _time_zones()
    user = request.user
    if request.method == "POST" and isinstance(user, User):
        zone = request.POST.get("time_zone", "")
        if zone in zones:
            user.time_zone = zone
            user.save(update_fields=["time_zone"])
            messages.success(request, f"Times are shown in {zone} from now on, with Central Time beside them.")
            return HttpResponseRedirect(reverse("preferences"))
        messages.error(request, f"“{zone}” is not a time zone that this server knows.")
    chosen = user.time_zone if isinstance(user, User) else ""
    context = {**admin.site.each_context(request), "title": "Your time zone", "zones": zones, "chosen": chosen}
    return TemplateResponse(request, "admin/preferences.html", context)


@functools.cache
def _time_zones() -> list[str]:
    """Places, without other spellings of the same zones. To list them reads hundreds of files."""
    names = (name for name in available_timezones() if "/" in name)
    return ["UTC", *sorted(name for name in names if not name.startswith(("Etc/", "posix", "right")))]


def all_tables(request: HttpRequest) -> HttpResponse:
    """Every list that the signed-in person may open."""
    groups = [
        (str(app["name"]).capitalize(), [(model["name"], model["admin_url"]) for model in app["models"]])
        for app in admin.site.get_app_list(request)
    ]
    return TemplateResponse(
        request, "admin/all_tables.html", {**admin.site.each_context(request), "title": "All tables", "groups": groups}
    )
