from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class OperationsConfig(AppConfig):
    name = "vendor_admin.operations"
    verbose_name = "Operations"

    def ready(self) -> None:
        """Let every app declare its plan kinds in `plan_kinds`, and in `plan_actions` how people start them."""
        autodiscover_modules("plan_kinds")
        autodiscover_modules("plan_actions")
