"""Django's pages of one's own password, which write to the audit: changing it, and setting it behind a link."""

from typing import cast

from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.contrib.auth.views import PasswordChangeView, PasswordResetConfirmView
from django.http import HttpResponse
from django.urls import reverse_lazy

from vendor_admin.organizations.models import User
from vendor_admin.organizations.requests.current import ScopedRequest
from vendor_admin.organizations.staff import passwords


class OwnPasswordView(PasswordChangeView):
    """`/admin/password_change/`: the old password, and a new one."""

    template_name = "registration/password_change_form.html"

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        answer = super().form_valid(form)
        passwords.note_own_change(person=form.user, request_id=cast(ScopedRequest, self.request).request_id)
        return answer


class SetPasswordView(PasswordResetConfirmView):
    """Behind a link of staff.invitation: Django's own, which takes the key out of the address and lets it work once."""

    template_name = "set_password.html"
    success_url = reverse_lazy("admin:index")

    def form_valid(self, form: SetPasswordForm) -> HttpResponse:
        answer = super().form_valid(form)
        passwords.note_set_by_link(
            person=cast(User, form.user), request_id=cast(ScopedRequest, self.request).request_id
        )
        return answer
