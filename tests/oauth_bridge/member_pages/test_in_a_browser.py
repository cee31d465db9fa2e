"""A member on a phone: two clicks to their room, by finger or by keyboard, in the dark, and without scripts."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from oauth_bridge.models import MemberSession
from tests.oauth_bridge.member_pages.test_member_pages import Desk
from tests.oauth_bridge.visitor import Visitor
from tests.support.browser import PHONE_WIDTH, blank_page, needs_chromium, overflow
from tests.support.oauth_visitor import application
from tests.support.staff_and_rows import Writer
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sandbox.serving.server import RunningSandbox
from vendor_admin.tradovate.trading_calendar import session_date

pytestmark = [pytest.mark.pages, pytest.mark.browser, needs_chromium]


@pytest.fixture
def home(ann: Visitor, write: Writer, sandbox: RunningSandbox, site_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of Alpha's member pages on a running site, where Ann has an account."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's loop runs in this thread
    uri = f"{site_url}/o/alpha/callback/live/"
    sandbox.control("oauth/client", client_id=application(sandbox).client_id, redirect_uris=[uri])
    sandbox.control("oauth/configure", quick_members=2)
    Desk(write, ann).account()
    return f"{site_url}/o/alpha/"


@contextmanager
def phone(*, scripts: bool = True, scheme: str = "light") -> Iterator[Page]:
    """A page as wide as a phone."""
    viewport = {"width": PHONE_WIDTH, "height": 844}
    with blank_page(viewport=viewport, java_script_enabled=scripts, color_scheme=scheme) as page:
        yield page


def sign_in(page: Page, home: str, name: str) -> None:
    """The two clicks."""
    page.goto(home)
    page.get_by_role("link", name="Sign in with Tradovate").click()
    page.get_by_role("button", name=name).click()
    expect(page.get_by_role("heading", name="My accounts")).to_be_visible()


def test_two_clicks_on_a_phone_show_how_much_room_there_is(home: str, ann: Visitor) -> None:
    with phone() as page:
        sign_in(page, home, ann.login)

        assert page.url == f"{home}accounts/"
        expect(page.get_by_role("article")).to_contain_text("1,100.00")
        expect(page.get_by_role("img", name="55 percent of the trailing drawdown left")).to_be_visible()
        for name in ("Subscriptions", "Security", "Accounts"):
            page.get_by_role("link", name=name, exact=True).click()
            assert overflow(page) <= 0, name
        page.get_by_role("link", name="EVAL001").click()
        expect(page.get_by_role("heading", name="My limits")).to_be_visible()
        assert overflow(page) <= 0
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("link", name="Sign in with Tradovate")).to_be_visible()


def test_a_member_signs_in_by_keyboard_with_name_and_password(home: str, ann: Visitor) -> None:
    with phone() as page:
        page.goto(home)
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Sign in with Tradovate")).to_be_focused()
        page.keyboard.press("Enter")
        page.get_by_label("User name or e-mail").fill(ann.login)
        page.get_by_label("Password").fill(f"sandbox-{ann.login.lower()}")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Allow").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="My accounts")).to_be_visible()


def test_pages_can_be_read_and_used_without_scripts(home: str, ann: Visitor) -> None:
    with phone(scripts=False) as page:
        sign_in(page, home, ann.login)

        expect(page.get_by_role("article")).to_contain_text("1,100.00")
        expect(page.get_by_role("button", name="Pause updates")).to_be_hidden()
        page.get_by_role("link", name="Security").click()
        page.get_by_role("link", name="Disconnect").click()
        page.get_by_role("button", name="Disconnect").click()
        expect(page.get_by_role("heading", name="You are disconnected")).to_be_visible()


def test_figures_renew_themselves_until_they_are_paused(home: str, ann: Visitor, write: Writer) -> None:
    with phone() as page:
        page.clock.install()
        sign_in(page, home, ann.login)
        expect(page.get_by_role("button", name="Pause updates")).to_be_visible()  # the page's script has run
        write.connection.execute("UPDATE mirrors_cashbalance SET amount = 49600")
        page.clock.fast_forward(16_000)
        expect(page.get_by_role("article")).to_contain_text("600.00")

        page.get_by_role("button", name="Pause updates").click()
        page.get_by_role("heading", name="My accounts").click()
        write.connection.execute("UPDATE mirrors_cashbalance SET amount = 49300")
        page.clock.fast_forward(60_000)
        expect(page.get_by_role("button", name="Resume updates")).to_be_visible()
        expect(page.get_by_role("article")).to_contain_text("600.00")


def test_a_page_left_open_leads_to_the_sign_in_once_the_session_has_ended(home: str, ann: Visitor) -> None:
    with phone() as page:
        page.clock.install()
        sign_in(page, home, ann.login)
        expect(page.get_by_role("button", name="Pause updates")).to_be_visible()  # the page's script has run
        with organization_scope(ann.organization.pk):
            MemberSession.objects.update(ended_at=timezone.now())
        page.clock.fast_forward(16_000)

        expect(page.get_by_role("link", name="Sign in with Tradovate")).to_be_visible()


LEAST_CONTRAST = """
() => {
    const luminance = (rgb) => {
        const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const parse = (text) => text.match(/[\\d.]+/g).map(Number);
    const ground = (element) => {
        for (let one = element; one; one = one.parentElement) {
            const colour = parse(getComputedStyle(one).backgroundColor);
            if (colour.length < 4 || colour[3] > 0) return colour.slice(0, 3);
        }
        return [255, 255, 255];
    };
    let worst = [99, ""];
    for (const element of document.querySelectorAll("body *")) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!own || !element.checkVisibility()) continue;
        const [a, b] = [parse(getComputedStyle(element).color).slice(0, 3), ground(element)].map(luminance);
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < worst[0]) worst = [contrast, element.outerHTML.slice(0, 120)];
    }
    return worst;
}
"""
SMALL_TARGETS = """
() => [...document.querySelectorAll("a, button, input, summary")]
    .filter((one) => one.checkVisibility() && !one.closest("p, li") && !one.matches(".skip"))
    .filter((one) => { const box = one.getBoundingClientRect(); return box.height < 24 || box.width < 24; })
    .map((one) => one.outerHTML.slice(0, 120))
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_keep_the_contrast_and_sizes_of_wcag(home: str, ann: Visitor, write: Writer, scheme: str) -> None:
    desk = Desk(write, ann)
    for number, amount in ((2, 49_500), (3, 49_100), (4, 50_900)):
        desk.account(number)
        write.connection.execute(
            "UPDATE mirrors_cashbalance SET amount = %s WHERE entity_id = %s", [amount, 30_000 + number]
        )
    desk.row(
        "userPlugin",
        3,
        user_id=ann.user_id,
        plugin_name="TProp",
        expiration_date=session_date(timezone.now()) + timedelta(days=3),
    )
    with phone(scheme=scheme) as page:
        page.goto(home)
        check(page)
        sign_in(page, home, ann.login)
        for path in ("accounts/", "accounts/demo/10001/", "subscriptions/", "sign-ins/", "disconnect/"):
            page.goto(home + path)
            check(page)


def check(page: Page) -> None:
    contrast, where = page.evaluate(LEAST_CONTRAST)
    assert contrast >= 4.5, (page.url, where)
    assert page.evaluate(SMALL_TARGETS) == [], page.url
    assert page.locator("h1").count() == 1, page.url
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("[...document.images].every((one) => one.hasAttribute('alt'))")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids)), page.url
