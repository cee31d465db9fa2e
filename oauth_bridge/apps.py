from django.apps import AppConfig

from oauth_bridge import checks


class OAuthBridgeConfig(AppConfig):
    name = "oauth_bridge"
    verbose_name = "Member sign-in"

    def ready(self) -> None:
        checks.register()
