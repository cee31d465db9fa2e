from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "vendor_admin.notices"
    verbose_name = "Notices"
