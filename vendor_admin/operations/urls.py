"""Addresses of the steps of a change, budgets and thresholds. Plans and operations are in the admin's registry."""

from django.contrib import admin
from django.urls import path

from vendor_admin.operations.pages import budgets, starting

wrap = admin.site.admin_view
urlpatterns = [
    path("do/", wrap(starting.choose), name="plan_choose"),
    path("do/<slug:name>/", wrap(starting.start), name="plan_start"),
    path("do/<slug:name>/file/", wrap(starting.start_with_file), name="plan_file"),
    path("do/<slug:name>/template.csv", wrap(starting.file_template), name="plan_file_template"),
    path("budgets/", wrap(budgets.budgets_page), name="budgets"),
    path("thresholds/", wrap(budgets.thresholds_page), name="thresholds"),
    path("thresholds/approve/", wrap(budgets.approve_thresholds_page), name="thresholds_approve"),
    path("thresholds/withdraw/", wrap(budgets.withdraw_thresholds_page), name="thresholds_withdraw"),
]
