from django.apps import AppConfig


class MirrorsConfig(AppConfig):
    name = "vendor_admin.mirrors"
    verbose_name = "Mirrors of the platform"
