"""App configuration of the project itself (its commands and checks) and of its admin site."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.module_loading import autodiscover_modules

from vendor_admin import checks


class VendorAdminConfig(AppConfig):
    default = True
    name = "vendor_admin"
    label = "vendor_admin"

    def ready(self) -> None:
        """Register the checks, and let every app declare its entries of the sidebar in `navigation`."""
        checks.register()
        autodiscover_modules("navigation")


class AdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "vendor_admin.admin_site.VendorAdminSite"
