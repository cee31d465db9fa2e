"""Addresses of the small pages about oneself, and of the sign-in, whose names are django-allauth's."""

from django.contrib import admin
from django.urls import path

from vendor_admin.organizations import second_factor_pages, staff_sign_in, views

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
    path("organization/enter/", admin.site.admin_view(views.enter), name="enter"),
    path("organization/leave/", admin.site.admin_view(views.leave), name="leave"),
    path("tables/", admin.site.admin_view(views.all_tables), name="all_tables"),
    path("preferences/", admin.site.admin_view(views.preferences), name="preferences"),
]
