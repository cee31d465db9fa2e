"""Addresses of the small pages about oneself, and of the sign-in, whose names are django-allauth's."""

from django.contrib import admin
from django.urls import path

from vendor_admin.organizations import views
from vendor_admin.organizations.pages import email_pages, second_factor_pages, sign_out_pages
from vendor_admin.organizations.sign_in import staff_sign_in

urlpatterns = [
    path("login/", staff_sign_in.sign_in, name="account_login"),
    path("login/code/", staff_sign_in.enter_code, name="mfa_authenticate"),
    path("second-factor/", admin.site.admin_view(second_factor_pages.overview), name="second_factor"),
    path("second-factor/set-up/", admin.site.admin_view(second_factor_pages.set_up), name="second_factor_set_up"),
    path(
        "second-factor/recovery-codes/",
        admin.site.admin_view(second_factor_pages.recovery_codes),
        name="second_factor_recovery_codes",
    ),
    path(
        "staff/<int:role_id>/reset-second-factor/",
        admin.site.admin_view(second_factor_pages.reset),
        name="staff_reset_second_factor",
    ),
    path("sign-out-everywhere/", admin.site.admin_view(sign_out_pages.sign_out_everywhere), name="sign_out_everywhere"),
    path(
        "staff/<int:role_id>/end-sessions/",
        admin.site.admin_view(sign_out_pages.end_sessions_of_staff),
        name="staff_end_sessions",
    ),
    path(
        "users/<int:user_id>/end-sessions/",
        admin.site.admin_view(sign_out_pages.end_sessions_of_user),
        name="user_end_sessions",
    ),
    path("organization/enter/", admin.site.admin_view(views.enter), name="enter"),
    path("organization/leave/", admin.site.admin_view(views.leave), name="leave"),
    path("tables/", admin.site.admin_view(views.all_tables), name="all_tables"),
    path("email-address/", admin.site.admin_view(email_pages.overview), name="email_address"),
    path("preferences/", admin.site.admin_view(views.preferences), name="preferences"),
]
