"""How values look on the admin's pages: times in two zones, ages, money, badges."""

import json
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from vendor_admin.code_words import in_words
from vendor_admin.listing.admin_base import has_right
from vendor_admin.listing.lists import Address, Amount, Badge, Column, Marked
from vendor_admin.moments import age_in_words
from vendor_admin.organizations.actors import label_of
from vendor_admin.organizations.requests.idle_sessions import BY_ITSELF
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.trading_calendar import CENTRAL, is_at_an_end, session_date

register = template.Library()
NOTHING = SafeString('<span class="va-none">–</span>')
MINUS = "−"
LONGEST_ON_ONE_LINE = 28
_ICON = '<span class="material-symbols-outlined'


@register.filter
def when(moment: datetime | None) -> SafeString:
    """A moment in the viewer's zone, with Central Time beside it; its year, age and session date on hover."""
    if moment is None:
        return NOTHING
    if is_at_an_end(moment):
        return format_html('<time datetime="{}">{}</time>', moment.isoformat(), _in_utc(moment))
    local, central = timezone.localtime(moment), moment.astimezone(CENTRAL)
    return _time_element(moment, shape=_shape_of_day(local), beside=_central_beside(local, central))


@register.filter
def clock(moment: datetime | None) -> SafeString:
    """The same for a moment of today: without its day."""
    if moment is None:
        return NOTHING
    if is_at_an_end(moment):
        return when(moment)
    local, central = timezone.localtime(moment), moment.astimezone(CENTRAL)
    is_today = local.date() == timezone.localtime().date()
    shape = "%H:%M:%S" if is_today else _shape_of_day(local)
    return _time_element(moment, shape=shape, beside=_central_beside(local, central))


@register.filter
def when_in_words(moment: datetime) -> str:
    """The same as text, for titles and messages: "Nov 20, 2026 16:00:05 (09:00:05 CT)"."""
    if is_at_an_end(moment):
        return _in_utc(moment)
    local, central = timezone.localtime(moment), moment.astimezone(CENTRAL)
    beside = _central_beside(local, central)
    return local.strftime("%b %d, %Y %H:%M:%S") + (f" ({beside} CT)" if beside else " CT")


@register.filter
def ahead(moment: datetime) -> str:
    """How long until a moment, in words."""
    left = moment - timezone.now()
    return "now" if left.total_seconds() < 1 else f"in {age_in_words(left)}"


def _in_utc(moment: datetime) -> str:
    """A moment at an end of the calendar, which no other zone can show."""
    return f"{moment.replace(tzinfo=None).isoformat(' ', 'seconds')} UTC"


def _shape_of_day(local: datetime) -> str:
    return "%b %d %H:%M:%S" if local.year == timezone.localtime().year else "%b %d, %Y %H:%M:%S"


def _central_beside(local: datetime, central: datetime) -> str:
    """Central Time to show beside a local time, with its day where that differs; empty where both are the same."""
    if local.utcoffset() == central.utcoffset():
        return ""
    return central.strftime("%H:%M:%S" if local.date() == central.date() else "%b %d %H:%M:%S")


def _time_element(moment: datetime, *, shape: str, beside: str) -> SafeString:
    local, now = timezone.localtime(moment), timezone.now()
    return format_html(
        '<time datetime="{}" title="{} · {} · session {}">{}{}</time>',
        moment.isoformat(),
        local.strftime("%b %d, %Y"),
        f"{age_in_words(now - moment)} ago" if moment <= now else f"in {age_in_words(moment - now)}",
        session_date(moment),
        local.strftime(shape) + ("" if beside else " CT"),
        format_html(' <span class="va-central">{} CT</span>', beside) if beside else "",
    )


@register.filter
def age(moment: datetime | None) -> str:
    """How long ago, in words that go on with the time (ages.js)."""
    return "never" if moment is None else _ticking(moment, suffix=" ago")


@register.filter
def age_of(moment: datetime | None) -> str:
    """How long something has lasted, in words that go on with the time."""
    return "an unknown time" if moment is None else _ticking(moment)


def _ticking(moment: datetime, *, suffix: str = "") -> SafeString:
    """An age with its seconds, since the clock of who looks at it may be another one."""
    lasted = timezone.now() - moment
    seconds = max(0, int(lasted.total_seconds()))
    return format_html(
        '<time datetime="{}" data-age="{}">{}{}</time>', moment.isoformat(), seconds, age_in_words(lasted), suffix
    )


@register.filter
def between(start: datetime, end: datetime) -> str:
    """The time from one moment to another, in words."""
    return age_in_words(end - start)


@register.filter
def grouped(number: int | None) -> str:
    """A whole number with grouped thousands."""
    return "–" if number is None else f"{number:,}"


@register.filter(name="abs")
def absolute(number: int) -> int:
    """Without the sign."""
    return abs(number)


@register.simple_tag(takes_context=True)
def raw_text(context: template.Context, value: object) -> str | None:
    """What was sent or received as it was, JSON over several lines; None for whoever may not view raw data."""
    if not has_right(context["request"], Right.VIEW_RAW):
        return None
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


@register.filter
def session(moment: datetime | None) -> date | None:
    """The exchange's trade date of a moment."""
    return None if moment is None else session_date(moment)


@register.filter
def money(amount: Decimal | None) -> SafeString | str:
    """An amount with two decimals (more where the platform sent more), grouped, with a real minus sign."""
    if amount is None:
        return NOTHING
    return plain_number(amount, least_decimals=2)


_ADDRESS_PARTS = re.compile(r"[^./]*[./]+|[^./]+")


@register.filter
def cell(value: object) -> Any:
    """A value of a list or object page, by its type."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, Address):
        parts = format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in _ADDRESS_PARTS.findall(value)))
        return format_html('<span class="va-address">{}</span>', parts)
    if isinstance(value, Badge):
        return format_html('<span class="va-badge va-{}">{}</span>', value.tone, value.text)
    if isinstance(value, Marked):
        shown = cell(value.value)
        return format_html("{} {}", shown, cell(value.mark)) if value.mark else format_html("<s>{}</s>", shown)
    if isinstance(value, Amount):
        return ("" if value.is_exact else "≈ ") + plain_number(value.value, least_decimals=2)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return when(value)
    if isinstance(value, Decimal):
        return format_html('<span class="va-number">{}</span>', plain_number(value))
    if isinstance(value, date):
        return format_html('<span class="va-nowrap">{}</span>', value.isoformat())
    return value


register.filter("in_words", in_words)


@register.filter
def is_short(value: object) -> bool:
    """Whether a cell is a word or a number, which should stand on one line."""
    return not isinstance(value, str) or len(value) <= LONGEST_ON_ONE_LINE


@register.filter
def actor_label(key: str) -> str:
    """Whoever has this key, in words."""
    return label_of(key)


@register.simple_tag
def link_of(column: Column, row: object) -> str | None:
    """The address of what a cell names."""
    return column.link(row) if column.link else None


@register.simple_tag(takes_context=True)
def renews_itself(context: template.Context, seconds: int) -> SafeString:
    """For a page's head: where scripts are off it is loaded again by itself, which is no use of the session."""
    query = context["request"].GET.copy()
    query[BY_ITSELF] = "1"
    element = '<noscript><meta http-equiv="refresh" content="{}; url=?{}"></noscript>'
    return format_html(element, seconds, query.urlencode())


class _SilentIcons(template.Node):
    """What stands inside, with the theme's icons hidden from screen readers: each is a word that a font draws."""

    def __init__(self, nodelist: template.NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: template.Context) -> SafeString:
        return SafeString(self.nodelist.render(context).replace(_ICON, f'<span aria-hidden="true"{_ICON[5:]}'))


@register.tag
def silent_icons(parser: template.base.Parser, token: template.base.Token) -> template.Node:
    """{% silent_icons %} … {% end_silent_icons %}"""
    nodelist = parser.parse(("end_silent_icons",))
    parser.delete_first_token()
    return _SilentIcons(nodelist)


def plain_number(value: Decimal, *, least_decimals: int = 0) -> str:
    """A number with grouped thousands and no exponent; the digits that the platform sent are kept."""
    if not value.is_finite():
        return str(value)
    exponent = value.normalize().as_tuple().exponent
    decimals = max(least_decimals, -exponent if isinstance(exponent, int) and exponent < 0 else 0)
    return f"{value:,.{decimals}f}".replace("-", MINUS)


@register.simple_tag
def page_link(request: Any, **cursor: str) -> str:
    """The address of a neighbouring page: the same filters, another cursor."""
    query = request.GET.copy()
    for name in ("before", "after"):
        query.pop(name, None)
    query.update(cursor)
    return "?" + query.urlencode()
