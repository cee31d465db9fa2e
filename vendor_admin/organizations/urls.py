"""Addresses of the small pages about oneself."""

from django.contrib import admin
from django.urls import path

from vendor_admin.organizations import views

urlpatterns = [
    path("organization/enter/", admin.site.admin_view(views.enter), name="enter"),
    path("organization/leave/", admin.site.admin_view(views.leave), name="leave"),
    path("tables/", admin.site.admin_view(views.all_tables), name="all_tables"),
    path("preferences/", admin.site.admin_view(views.preferences), name="preferences"),
]
