"""An organization's name, logo and colour: readable in whatever colour it chose, and nothing but pictures are shown."""

import pytest

from oauth_bridge.checks import problem_of_site_url, site_url
from oauth_bridge.site.colours import DARK_PAPER, LEAST_CONTRAST, LIGHT_PAPER, contrast, readable, text_on
from oauth_bridge.site.site import change_look, kind_of_logo, look_of
from vendor_admin.errors import InvalidFields
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import AuditEntry
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.pages

PNG = b"\x89PNG\r\n\x1a\n" + b"rest of a picture"
COLOURS = ["#000000", "#ffffff", "#ffff00", "#1d4f91", "#777777", "#0b6e4f", "#ff0000", "#e0e0ff", "#010203"]


@pytest.mark.parametrize("colour", COLOURS)
def test_every_colour_can_be_read(colour):
    assert contrast(text_on(colour), colour) >= LEAST_CONTRAST
    for paper in (LIGHT_PAPER, DARK_PAPER):
        assert contrast(readable(colour, paper=paper), paper) >= LEAST_CONTRAST


def test_a_colour_that_can_be_read_is_left_as_it_is():
    assert readable("#1d4f91", paper=LIGHT_PAPER) == "#1d4f91"
    assert contrast("#ffffff", "#000000") == pytest.approx(21)


def test_pages_show_the_organizations_name_colour_and_logo(ann, alpha):
    plain = ann.get().content.decode()
    assert ">AF</span>" in plain
    assert "<h1>Alpha Funding</h1>" in plain
    assert ann.get("logo").status_code == 404

    change_look(
        organization=alpha,
        actor=Actor.staff("alice"),
        values={"title": "Alpha <Traders>", "colour": "#FFEE00", "help_text": "Write to help@alpha.example"},
        logo=PNG,
    )

    page = ann.get().content.decode()
    assert "<h1>Alpha &lt;Traders&gt;</h1>" in page
    assert '<img src="/o/alpha/logo?v=' in page
    assert "Write to help@alpha.example" in page
    style = ann.get("brand.css")
    assert style["Content-Type"] == "text/css; charset=utf-8"
    assert "--brand: #ffee00; --on-brand: #000000;" in style.content.decode()
    assert "max-age=86400" in style["Cache-Control"]
    logo = ann.get("logo")
    assert (logo["Content-Type"], logo.content) == ("image/png", PNG)
    assert logo["X-Content-Type-Options"] == "nosniff"
    with organization_scope(alpha.pk):
        assert AuditEntry.objects.get(action="look of the member pages changed").new["logo"] is True


def test_the_address_of_the_colours_changes_with_them(ann, alpha):
    def version() -> str:
        with organization_scope(alpha.pk):
            return look_of(alpha).version

    first = version()
    change_look(organization=alpha, actor=Actor.staff("alice"), values={"colour": "#123456"})
    second = version()
    change_look(organization=alpha, actor=Actor.staff("alice"), values={}, logo=PNG)

    assert len({first, second, version()}) == 3


@pytest.mark.parametrize("colour", ["red", "#12345", "#12345g", "#123456;}", "#1234567", "", "#123456\n"])
def test_a_colour_is_six_digits_and_nothing_else(alpha, colour):
    if colour.strip() == "#123456":
        change_look(organization=alpha, actor=Actor.staff("alice"), values={"colour": colour})
        with organization_scope(alpha.pk):
            assert look_of(alpha).colour == "#123456"
        return
    with pytest.raises(InvalidFields):
        change_look(organization=alpha, actor=Actor.staff("alice"), values={"colour": colour})


@pytest.mark.parametrize(
    "logo", [b"<svg onload='alert(1)'/>", b"GIF89a", b"<html>", b"RIFFxxxxWAVE", b"\x89PNG\r\n\x1a\n" + b"x" * 200_001]
)
def test_a_logo_is_a_small_picture_and_nothing_else(alpha, logo):
    with pytest.raises(InvalidFields) as caught:
        change_look(organization=alpha, actor=Actor.staff("alice"), values={}, logo=logo)

    assert set(caught.value.texts) == {"logo"}
    with organization_scope(alpha.pk):
        assert not look_of(alpha).has_logo


def test_pictures_are_known_by_their_first_bytes():
    assert kind_of_logo(PNG) == "image/png"
    assert kind_of_logo(b"\xff\xd8\xff\xe0") == "image/jpeg"
    assert kind_of_logo(b"RIFF0000WEBPVP8 ") == "image/webp"
    assert kind_of_logo(b"") == ""


@pytest.mark.parametrize(
    "url",
    ["https://a.example/", "https://a.example/o", "a.example", "https://", "ftp://a.example", "https://u@a.example",
     "https://a.example?x", "http://a.example"],
)  # fmt: skip
def test_site_url_is_a_scheme_and_a_host(url, settings):
    assert problem_of_site_url(url, needs_https=True)
    settings.SITE_URL = url
    assert [message.id for message in site_url(None)] == ["oauth_bridge.E001"]


def test_a_good_site_url_passes_the_check(settings):
    for url, debug in (
        ("https://a.example", False),
        ("https://a.example:8443", False),
        ("http://localhost:8000", True),
    ):
        settings.SITE_URL, settings.DEBUG = url, debug
        assert site_url(None) == []
    settings.SITE_URL = ""
    assert site_url(None) == []
