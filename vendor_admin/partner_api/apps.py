from django.apps import AppConfig


class PartnerApiConfig(AppConfig):
    name = "vendor_admin.partner_api"
    verbose_name = "Partner API"
