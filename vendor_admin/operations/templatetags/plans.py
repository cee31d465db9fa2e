"""What a list or page offers to do, what waits for the person who looks, and how forms are grouped."""

from django import template
from django.forms import BoundField, Form

from vendor_admin.operations import offers
from vendor_admin.operations.offers import Offer, Waiting

register = template.Library()


@register.simple_tag(takes_context=True)
def offered(context: template.Context, subject: object) -> Offer:
    """The actions that the person may start from a list or page of a mirror (its model, or its entity type)."""
    entity_type = subject if isinstance(subject, str) else getattr(subject, "entity_type", "")
    return offers.offer_on(context["request"], entity_type)


@register.simple_tag(takes_context=True)
def waiting(context: template.Context) -> Waiting:
    """Plans that the signed-in person may approve, and operations that wait for a decision."""
    return offers.waiting_for(context["request"])


@register.simple_tag
def groups_of(form: Form) -> list[tuple[str, list[BoundField]]]:
    """The fields of a form in its groups; what no group names comes last, without a title."""
    named = getattr(form, "groups", ())
    groups = [(title, [form[name] for name in names if name in form.fields]) for title, names in named]
    grouped = {field.name for _, fields in groups for field in fields}
    rest = [field for field in form if field.name not in grouped]
    return [*((title, fields) for title, fields in groups if fields), *([("", rest)] if rest else [])]
