"""A form that was opened for one organization never acts in another (organizations/requests/form_organization.py)."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import Resolver404, resolve, reverse

from tests.support.pages import text_of
from tests.support.people import staff_user
from tests.support.signed_in import signed_in
from vendor_admin.operations.models import ApprovalRule
from vendor_admin.organizations.models import Organization, StaffRole, User
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.pages

FIELD = "form_organization"
THRESHOLDS = {"accounts_over": "7", "balance_change_over": "70", "reason": "smaller"}
PAGES_OF_ONE_VIEW = 1


class _Page(HTMLParser):
    """The forms that a page posts (each with its hidden fields), and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self.links: list[str] = []
        self._open: dict[str, str] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(given["href"].partition("#")[0])
        if tag == "form" and given.get("method", "").lower() == "post":
            self._open = {}
            self.forms.append(self._open)
        if tag == "input" and self._open is not None and given.get("type") == "hidden":
            self._open[given.get("name", "")] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def _pages(client: Client) -> Iterator[tuple[str, _Page]]:
    """Every staff page that links lead to from the overview; of pages of one view a few."""
    seen: Counter[str] = Counter()
    ahead, known = ["/admin/"], {"/admin/"}
    while ahead:
        address = ahead.pop()
        try:
            name = resolve(address.partition("?")[0]).view_name
        except Resolver404:
            continue
        if seen[name] >= PAGES_OF_ONE_VIEW or name.endswith(("_export", "_csv", "plan_file_template")):
            continue
        seen[name] += 1
        answer = client.get(address, follow=True)
        if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
            continue
        page = _Page(text_of(answer))
        yield name, page
        for link in page.links:
            path = address.partition("?")[0] + link if link.startswith("?") else link
            if path.startswith("/admin/") and path not in known:
                known.add(path)
                ahead.append(path)


def _with_form_field(client: Client, address: str) -> dict[str, str]:
    return next(form for form in _Page(text_of(client.get(address))).forms if "organization" not in form)


@pytest.fixture
def dora(alpha: Organization, beta: Organization) -> Client:
    """An owner of both organizations, who works for Alpha first."""
    user = staff_user("dora", alpha, "owner")
    StaffRole.objects.create(user=user, organization=beta, role="owner")
    client = signed_in(user)
    client.post(reverse("enter"), {"organization": alpha.pk})
    return client


def test_every_form_of_every_staff_page_says_for_which_organization_it_was_opened(
    dora: Client, alpha: Organization, trading_day: Callable[[int], None], write
) -> None:
    trading_day(2)
    write.socket(alpha)

    views, bare, forms = set(), set(), 0
    for name, page in _pages(dora):
        views.add(name)
        forms += len(page.forms)
        bare |= {name for form in page.forms if form.get(FIELD) != str(alpha.pk)}

    assert not bare
    assert len(views) > 75
    assert forms > 150


def test_every_form_that_a_template_posts_has_the_token_that_says_it() -> None:
    found = 0
    for file in sorted(Path(settings.BASE_DIR, "templates").rglob("*.html")):
        for form in re.findall(r"<form\b[^>]*>.*?</form>", file.read_text(), flags=re.DOTALL):
            if re.search(r"\bmethod=[\"']post", form.partition("</form>")[0].partition("\n")[0], flags=re.IGNORECASE):
                found += 1
                assert "{% csrf_token %}" in form, file
    assert found > 30


def test_a_form_that_was_opened_before_the_organization_changed_is_refused(
    dora: Client, alpha: Organization, beta: Organization
) -> None:
    opened = _with_form_field(dora, reverse("thresholds"))
    dora.post(reverse("enter"), {"organization": beta.pk})

    answer = dora.post(reverse("thresholds"), opened | THRESHOLDS)

    assert answer.status_code == 409
    page = text_of(answer)
    assert "You work for Beta Prop now" in page
    assert "This page was opened for Alpha Funding." in page
    assert f'href="{reverse("admin:index")}"' in page
    for organization in (alpha, beta):
        with organization_scope(organization.pk):
            assert not ApprovalRule.objects.filter(accounts_over=7).exists()


def test_a_refusal_tells_no_story_of_other_tabs_where_there_was_a_new_sign_in(
    dora: Client, alpha: Organization, beta: Organization
) -> None:
    dora.post(reverse("enter"), {"organization": beta.pk})
    opened = _with_form_field(dora, reverse("thresholds"))
    anew = signed_in(User.objects.get(username="dora"))

    page = text_of(anew.post(reverse("thresholds"), opened | THRESHOLDS))

    assert "This page was opened for Beta Prop." in page
    assert "You work for Alpha Funding now" in page
    assert "another tab" not in page


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("", "does not say for which organization it was opened"),
        ("none", "was opened for no organization"),
        ("999999", "was opened for another organization"),
    ],
)
def test_a_refusal_says_of_the_page_what_is_known(alice: Client, sent: str, said: str) -> None:
    answer = alice.post(reverse("preferences"), {"time_zone": "UTC", FIELD: sent})

    assert said in text_of(answer)


def test_going_back_to_the_organization_lets_the_form_act(
    dora: Client, alpha: Organization, beta: Organization
) -> None:
    opened = _with_form_field(dora, reverse("thresholds"))
    dora.post(reverse("enter"), {"organization": beta.pk})
    refused = dora.post(reverse("thresholds"), opened | THRESHOLDS)

    dora.post(reverse("enter"), _Page(text_of(refused)).forms[0])

    assert dora.post(reverse("thresholds"), opened | THRESHOLDS).status_code == 302


def test_a_form_that_does_not_say_its_organization_is_refused_like_one_without_a_token(dora: Client) -> None:
    opened = _with_form_field(dora, reverse("thresholds"))
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = dora.cookies
    del opened[FIELD]

    assert strict.post(reverse("thresholds"), opened | THRESHOLDS).status_code == 409


def test_a_page_that_renews_its_parts_gets_none_of_another_organization(
    dora: Client, alpha: Organization, beta: Organization
) -> None:
    def ask(organization: Organization) -> int:
        headers = {"X-Requested-With": "fetch", "X-Organization": str(organization.pk)}
        return dora.get(reverse("health"), headers=headers).status_code

    assert f'<meta name="organization" content="{alpha.pk}">' in text_of(dora.get("/admin/"))
    assert ask(alpha) == 200
    dora.post(reverse("enter"), {"organization": beta.pk})
    assert ask(alpha) == 409
    assert ask(beta) == 200


def test_an_operators_form_is_refused_after_leaving_the_organization(olga: Client, alpha: Organization) -> None:
    olga.post(reverse("enter"), {"organization": alpha.pk, "reason": "asked to"})
    opened = _with_form_field(olga, reverse("preferences"))
    olga.post(reverse("leave"))

    assert opened[FIELD] == str(alpha.pk)
    assert olga.post(reverse("preferences"), opened | {"time_zone": "UTC"}).status_code == 409


@pytest.mark.parametrize("sent", ["", "0", "none", "x", "9" * 30, "²"])
def test_what_is_no_organization_of_the_person_is_refused_and_named_nowhere(
    alice: Client, beta: Organization, sent: str
) -> None:
    answer = alice.post(reverse("preferences"), {"time_zone": "UTC", FIELD: sent})

    assert answer.status_code == 409
    assert beta.name not in text_of(answer)


def test_another_organizations_name_is_not_told_to_strangers(alice: Client, beta: Organization) -> None:
    answer = alice.post(reverse("preferences"), {"time_zone": "UTC", FIELD: str(beta.pk)})

    assert answer.status_code == 409
    assert beta.name not in text_of(answer)


def test_signing_out_works_from_a_page_of_any_organization(dora: Client, beta: Organization) -> None:
    assert dora.post(reverse("admin:logout"), {FIELD: str(beta.pk)}).status_code in (200, 302)
    assert dora.get(reverse("preferences")).status_code == 302
