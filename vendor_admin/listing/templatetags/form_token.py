"""`{% csrf_token %}` in all templates (settings.TEMPLATES): Django's, and beside it the form's organization."""

from typing import Any

from django import template
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html

from vendor_admin.organizations.requests.form_organization import FIELD, organization_for_forms

register = template.Library()


class FormTokenNode(CsrfTokenNode):
    """The hidden fields that show where a form comes from."""

    def render(self, context: Context) -> Any:
        request = context.get("request")
        organization = organization_for_forms(request) if request is not None else ""
        token = super().render(context)
        if not organization:
            return token
        return token + format_html('<input type="hidden" name="{}" value="{}">', FIELD, organization)


@register.tag
def csrf_token(parser: Parser, token: Token) -> FormTokenNode:
    """Write Django's token and the organization that the form was made for."""
    return FormTokenNode()
