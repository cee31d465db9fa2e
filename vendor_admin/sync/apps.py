from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "vendor_admin.sync"
    verbose_name = "Sync with the platform"
