"""Addresses of the sync's own pages."""

from django.contrib import admin
from django.urls import path

from vendor_admin.sync.pages import views

urlpatterns = [path("health/", admin.site.admin_view(views.health_fragment), name="health")]
