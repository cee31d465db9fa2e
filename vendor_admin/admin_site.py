"""The admin site: staff and operators only, one organization at a time."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib.admin import ModelAdmin
from django.contrib.auth.decorators import login_not_required
from django.db.models import Model
from django.db.models.base import ModelBase
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from unfold.forms import AdminOwnPasswordChangeForm
from unfold.sites import UnfoldAdminSite

from vendor_admin.organizations.pages.own_password import OwnPasswordView
from vendor_admin.organizations.sign_in.staff_sign_in import sign_in

# Tables of libraries: who may change them has a shell, and they know no organization.
WITHOUT_PAGES = {"django_celery_beat", "axes", "auth", "account", "mfa"}

# Pages that a library brings for tables of ours, which have pages of their own or none.
UNWANTED_PAGES = {"oauth2_provider.admin"}


class VendorAdminSite(UnfoldAdminSite):
    """Django's admin in the organization's scope."""

    index_title = "Overview"

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """All tables that the signed-in person may open, made where it is read: every page is given this list, and
        hardly any shows it."""
        make = super().get_app_list
        return cast(list[Any], SimpleLazyObject(lambda: make(request, app_label)))

    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The sign-in with a second factor; Django's own would let in by the password alone."""
        return sign_in(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """One's own password, by the old one; written to the audit."""
        request.current_app = self.name
        view = OwnPasswordView.as_view(
            form_class=AdminOwnPasswordChangeForm,
            success_url=reverse("admin:password_change_done", current_app=self.name),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return cast(HttpResponse, view(request))

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin] | None = None,
        **options: Any,
    ) -> None:
        models = [model_or_iterable] if isinstance(model_or_iterable, ModelBase) else list(model_or_iterable)
        if admin_class is not None and admin_class.__module__ in UNWANTED_PAGES:
            return
        shown = [model for model in models if model._meta.app_label not in WITHOUT_PAGES]
        super().register(shown, admin_class, **options)
