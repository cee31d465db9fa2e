from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "vendor_admin.organizations"
    verbose_name = "Organizations"
