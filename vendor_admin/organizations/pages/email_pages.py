"""Pages about one's e-mail address: what it is good for, and the link that proves it."""

from django.contrib import admin, messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlsafe_base64_encode
from django.views.decorators.cache import never_cache

from vendor_admin.errors import Refused
from vendor_admin.organizations import tasks
from vendor_admin.organizations.models import User
from vendor_admin.organizations.staff import email_addresses


def mail_link(request: HttpRequest, user: User) -> None:
    """Have the link mailed once this request is committed."""
    ids = {"user_id": user.pk, "site": request.build_absolute_uri("/").rstrip("/")}
    transaction.on_commit(lambda: tasks.mail_email_link.apply_async(kwargs=ids, retry=False), robust=True)


def overview(request: HttpRequest) -> HttpResponse:
    """One's address, and a new link to it (POST)."""
    user = request.user
    if not isinstance(user, User):
        raise Http404
    may_send = bool(user.email) and email_addresses.can_send() and not email_addresses.is_verified(user)
    if request.method == "POST" and may_send:
        mail_link(request, user)
        messages.info(request, f"A link is on its way to {user.email}. Open it there.")
        return HttpResponseRedirect(reverse("email_address"))
    context = {
        **admin.site.each_context(request),
        "title": "Your e-mail address",
        "is_verified": email_addresses.is_verified(user),
        "may_send": may_send,
    }
    return TemplateResponse(request, "admin/email_address.html", context)


@login_not_required
@never_cache
def confirm(request: HttpRequest, key: str) -> HttpResponse:
    """Behind a mailed link. Nothing happens before the button: programs that look into mails open links, too."""
    problem = ""
    confirmed = None
    if request.method == "POST":
        try:
            confirmed = email_addresses.confirm(key=key)
        except Refused as ended:
            problem = ended.text
    if confirmed is not None and confirmed.password_key:
        user_id = urlsafe_base64_encode(str(confirmed.user.pk).encode())
        return HttpResponseRedirect(reverse("set_password", args=[user_id, confirmed.password_key]))
    return TemplateResponse(request, "confirm_email.html", {"confirmed": confirmed, "problem": problem})
