"""Addresses of the pages of dry runs."""

from django.contrib import admin
from django.urls import path

from risk.dry_runs import views as dry_runs

urlpatterns = [
    path("dry-runs/<int:job_id>/", admin.site.admin_view(dry_runs.dry_run), name="dry_run"),
    path("dry-runs/<int:job_id>/cancel/", admin.site.admin_view(dry_runs.cancel_dry_run), name="dry_run_cancel"),
    path("dry-runs/<int:job_id>/dry-run.csv", admin.site.admin_view(dry_runs.dry_run_csv), name="dry_run_csv"),
]
