"""How an organization's member pages look: its name, colour and logo. Verbs, and what every page needs of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from oauth_bridge.models import MemberSite
from oauth_bridge.site.colours import DARK_PAPER, LIGHT_PAPER, readable, text_on
from vendor_admin.errors import InvalidFields
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

MOST_LOGO_BYTES = 200_000
_KINDS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))
CHANGEABLE = ("title", "colour", "help_text")


@dataclass(frozen=True)
class Look:
    """What templates show of an organization. `version` changes with the look, so that browsers may keep it."""

    name: str
    initials: str
    colour: str
    has_logo: bool
    help_text: str
    version: str
    is_simulated: bool

    def style(self) -> str:
        """The organization's colours as a style sheet."""
        on_paper, on_dark = (readable(self.colour, paper=paper) for paper in (LIGHT_PAPER, DARK_PAPER))
        fill_on_dark = readable(self.colour, paper=DARK_PAPER)
        return (
            f":root {{ --brand: {self.colour}; --on-brand: {text_on(self.colour)}; --brand-text: {on_paper}; }}\n"
            "@media (prefers-color-scheme: dark) {\n"
            f"    :root {{ --brand: {fill_on_dark}; --on-brand: {text_on(fill_on_dark)}; --brand-text: {on_dark}; }}\n"
            "}\n"
        )


def look_of(organization: Organization) -> Look:
    """The look of an organization's pages. Inside its scope; does not load the logo."""
    site = MemberSite.objects.filter(organization=organization).defer("logo").first() or MemberSite()
    name = site.title or organization.name
    return Look(
        name=name,
        initials="".join(word[0] for word in name.split()[:2]).upper(),
        colour=site.colour,
        has_logo=bool(site.logo_type),
        help_text=site.help_text,
        version=f"{site.changed_at:%Y%m%d%H%M%S%f}" if site.changed_at else "0",
        is_simulated=organization.is_simulated,
    )


def change_look(
    *,
    organization: Organization,
    actor: Actor,
    values: Mapping[str, Any],
    logo: bytes | None = None,
    reason: str = "",
    request_id: str = "",
) -> MemberSite:
    """Change name, colour, help text; `logo` replaces the logo, empty bytes remove it. Raises InvalidFields."""
    with organization_scope(organization.pk):
        site = MemberSite.objects.filter(organization=organization).first() or MemberSite(organization=organization)
        old = {name: getattr(site, name) for name in CHANGEABLE}
        for name in CHANGEABLE:
            if name in values:
                setattr(site, name, values[name].strip())
        site.colour = site.colour.lower()
        problems = _problems(site)
        if logo is not None:
            site.logo, site.logo_type = logo, kind_of_logo(logo)
            if logo and len(logo) > MOST_LOGO_BYTES:
                problems["logo"] = f"The logo has {len(logo):,} bytes; at most {MOST_LOGO_BYTES:,} are taken."
            elif logo and not site.logo_type:
                problems["logo"] = "The logo must be a PNG, JPEG or WebP picture."
        if problems:
            raise InvalidFields.from_texts(problems)
        site.save()
        changed = [name for name in CHANGEABLE if getattr(site, name) != old[name]]
        audit.record(
            organization=organization,
            actor=actor,
            action="look of the member pages changed",
            subject=organization.name,
            old={name: old[name] for name in changed},
            new={name: getattr(site, name) for name in changed} | ({} if logo is None else {"logo": bool(logo)}),
            reason=reason,
            request_id=request_id,
        )
        return site


def kind_of_logo(content: bytes) -> str:
    """The media type of a picture by its first bytes; empty for anything that is not shown."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for mark, kind in _KINDS if content.startswith(mark)), "")


def _problems(site: MemberSite) -> dict[str, str]:
    try:
        site.full_clean(exclude=["organization"], validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        return {name: " ".join(texts) for name, texts in error.message_dict.items()}
    return {}
