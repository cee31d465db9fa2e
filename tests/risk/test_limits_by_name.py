"""Position limits and risk parameters name contracts, products, exchanges and groups; ids are taken as before."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from risk.position_limits.csv_import import PositionLimitCsv
from tests.support.partner_api.program import ApiProgram
from tests.support.plan_desk import preview, rows_of, start_url
from tests.support.staff_and_rows import Writer
from vendor_admin.errors import InvalidFields
from vendor_admin.operations.csv_files import CsvRow
from vendor_admin.operations.inputs.references import FINDERS
from vendor_admin.operations.models import FrontMonth
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

NOW = datetime.now(UTC)
LIMIT = {"account": "EVAL21", "exposed_limit": 5}
NEAR, FAR, OVER, LATER = 43, 44, 45, 46
SOON = (NOW + timedelta(days=20)).replace(day=15)
IN_TEN_YEARS, NEXT, FIVE_YEARS_AGO = SOON.replace(year=SOON.year + 10), SOON + timedelta(90), NOW - timedelta(2_000)
TWICE, GONE, ONCE = f"ESZ{SOON.year % 10}", f"ESH{FIVE_YEARS_AGO.year % 10}", f"ESH{NEXT.year % 10}"


@pytest.fixture
def market(alpha: Organization, write: Writer) -> Organization:
    """ES of the same name in two decades, one that has expired and one of a later month."""
    write.mirror("account", alpha, 21, name="EVAL21")
    write.mirror("exchange", alpha, 3, name="CME", mic_code="XCME")
    write.mirror("contractGroup", alpha, 4, name="Index")
    write.mirror("product", alpha, 1, name="ES", description="E-Mini S&P 500", exchange_id=3)
    for number, name, expires_at in (
        (NEAR, TWICE, SOON),
        (FAR, TWICE, IN_TEN_YEARS),
        (OVER, GONE, FIVE_YEARS_AGO),
        (LATER, ONCE, NEXT),
    ):
        write.mirror("contractMaturity", alpha, number, product_id=1, expiration_date=expires_at)
        write.mirror("contract", alpha, number, name=name, contract_maturity_id=number)
    write.mirror("userAccountPositionLimit", alpha, 50, account_id=21, active=True, total_by="Overall", contract_id=FAR)
    return alpha


def found(noun: str, word: str, organization: Organization) -> int:
    with organization_scope(organization.pk):
        return FINDERS[noun]([word], organization.pk).find(word)


@pytest.mark.parametrize(
    ("noun", "word", "id_"),
    [
        ("contract", TWICE, NEAR),
        ("contract", ONCE.lower(), LATER),
        ("contract", "45", OVER),
        ("contract", "123456", 123456),
        ("product", "es", 1),
        ("product", "77", 77),
        ("exchange", "cme", 3),
        ("contract_group", "INDEX", 4),
    ],
)
def test_a_name_or_an_id_names_what_is_traded(market: Organization, noun: str, word: str, id_: int) -> None:
    assert found(noun, word, market) == id_


def test_a_year_behind_a_name_tells_contracts_of_one_name_apart(market: Organization) -> None:
    assert found("contract", f"{TWICE} {SOON.year}", market) == NEAR
    assert found("contract", f"{TWICE} ({IN_TEN_YEARS.year})", market) == FAR


@pytest.mark.parametrize(
    ("noun", "word", "fault", "said"),
    [
        ("contract", "NQZ6", "not_found", "is no contract that is known here: NQZ6"),
        ("contract", f"{TWICE} 1996", "not_found", "is no contract"),
        ("contract", GONE, "in_the_past", f"must not have expired: {GONE} expired on"),
        ("contract", "0", "not_found", "is no contract"),
        ("contract", "", "required", "is missing."),
        ("product", "NQ", "not_found", "is no product that is known here: NQ"),
        ("exchange", "XCME", "not_found", "is no exchange"),
        ("contract_group", "Metal", "not_found", "is no contract group"),
    ],
)
def test_what_a_word_does_not_name_is_said(market: Organization, noun: str, word: str, fault: str, said: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        found(noun, word, market)

    assert [one.code for one in refused.value.faults] == [fault]
    assert said in str(refused.value)


def test_a_name_of_several_things_is_no_name(market: Organization, write: Writer) -> None:
    write.mirror("product", market, 2, name="ES")
    write.mirror("contract", market, 91, name="ABC")
    write.mirror("contract", market, 92, name="ABC")

    for noun, word in (("product", "ES"), ("contract", "ABC")):
        with pytest.raises(InvalidFields, match="is true of 2"):
            found(noun, word, market)


def test_another_organizations_names_are_not_found(market: Organization, beta: Organization) -> None:
    for noun, word in (("contract", TWICE), ("product", "ES"), ("exchange", "CME"), ("contract_group", "Index")):
        with pytest.raises(InvalidFields, match="is no "):
            found(noun, word, beta)


def test_programs_name_what_a_limit_is_about(market: Organization) -> None:
    program = ApiProgram.of(market)
    about = {"contract_id": TWICE, "product_id": "ES", "exchange_id": "CME", "contract_group_id": "Index"}

    made = program.post("/api/v1/position-limits?dry_run=true", LIMIT | about)
    by_id = program.post("/api/v1/position-limits?dry_run=true", LIMIT | {"contract_id": NEAR, "product_id": "1"})
    refused = program.post("/api/v1/position-limits?dry_run=true", LIMIT | {"contract_id": GONE, "product_id": "NQ"})

    assert (made.status_code, by_id.status_code) == (200, 200), made.content
    changes = {change["field"]: change["new"] for change in made.json()["rows"][0]["changes"]}
    assert {name: changes[name] for name in about} == dict(zip(about, (NEAR, 1, 3, 4), strict=True))
    codes = {fault["pointer"]: fault["code"] for fault in refused.json()["errors"]}
    assert codes == {"/contract_id": "in_the_past", "/product_id": "not_found"}


@pytest.mark.pages
def test_forms_take_names_and_say_what_is_wrong_with_them(alice: Client, market: Organization) -> None:
    def new(**typed: str) -> Any:
        plan = preview(alice, [21], action="add-position-limit", entity_type="account", exposedLimit="5", **typed)
        [row] = rows_of(market, plan)
        return row.new

    both = {"totalBy": "Overall", "active": "yes"}
    assert new(**both, contractId=TWICE.lower(), productId="ES", exchangeId="CME", contractGroupId="index") == {
        "accountId": 21, "active": True, "totalBy": "Overall", "exposedLimit": 5,
        "contractId": NEAR, "productId": 1, "exchangeId": 3, "contractGroupId": 4,
    }  # fmt: skip
    response = alice.post(start_url("add-position-limit", "account", [21]), {**both, "contractId": GONE})
    assert f"Must not have expired: {GONE} expired on" in response.content.decode()


def test_lines_of_a_file_name_what_a_limit_is_about(market: Organization) -> None:
    lines = [
        {"account": "EVAL21", "exposed_limit": "5", "contract_id": TWICE, "exchange_id": "cme"},
        {"account": "EVAL21", "long_limit": "2", "contract_id": GONE, "product_id": "NQ"},
        {"account": "EVAL21", "total_by": "overall", "contract_id": str(OVER)},
    ]
    rows = [CsvRow(number, line) for number, line in enumerate(lines, start=2)]

    with organization_scope(market.pk):
        read = PositionLimitCsv().read(rows, organization_id=market.pk, now=NOW)

    [target] = read.targets
    assert {"contractId": NEAR, "exchangeId": 3, "exposedLimit": 5}.items() <= target.wanted.items()
    assert [(fault.line, fault.column) for fault in read.faults] == [
        (3, "contract_id"), (3, "product_id"), (4, "exposed_limit"),
    ]  # fmt: skip


@pytest.mark.pages
def test_a_form_shows_the_name_with_its_year_and_what_stays_means_the_same(alice: Client, market: Organization) -> None:
    shown = alice.get(start_url("change-position-limits", "userAccountPositionLimit", [50]), follow=True)
    name = shown.context["form"].initial["contractId"]

    plan = preview(
        alice, [50], action="change-position-limits", entity_type="userAccountPositionLimit",
        contractId=name, exposedLimit="7", totalBy="Overall", active="yes",
    )  # fmt: skip

    [row] = rows_of(market, plan)
    assert name == f"{TWICE} ({IN_TEN_YEARS.year})"
    assert (row.old["contractId"], row.new["contractId"], row.new["exposedLimit"]) == (FAR, FAR, 7)
    assert row.wanted == {"exposedLimit": 7}


@pytest.mark.pages
def test_a_limit_of_an_expired_contract_can_still_be_changed(
    alice: Client, market: Organization, write: Writer
) -> None:
    limit = {"account_id": 21, "active": True, "total_by": "Overall", "exposed_limit": 2, "contract_id": OVER}
    write.mirror("userAccountPositionLimit", market, 51, **limit)

    plan = preview(
        alice, [51], action="change-position-limits", entity_type="userAccountPositionLimit",
        contractId=f"{GONE} ({FIVE_YEARS_AGO.year})", exposedLimit="1", totalBy="Overall", active="yes",
    )  # fmt: skip

    [row] = rows_of(market, plan)
    assert row.wanted == {"exposedLimit": 1}


@pytest.mark.pages
def test_a_form_suggests_what_may_be_typed_with_the_same_queries_for_few_and_for_many(
    alice: Client, market: Organization, write: Writer
) -> None:
    address = start_url("add-position-limit", "account", [21])

    def counted() -> tuple[int, str]:
        with CaptureQueriesContext(connection) as captured:
            page = alice.get(address, follow=True).content.decode()
        return len(captured), page

    counted()  # what is asked for once in a process
    few, page = counted()
    for number in range(100, 130):
        write.mirror("contract", market, number, name=f"NQ{number}", contract_maturity_id=NEAR)
        write.mirror("product", market, number, name=f"P{number}")
    many, longer = counted()

    assert f'<option value="{TWICE} ({SOON.year})">December {SOON.year}, first ES to expire</option>' in page
    assert f'<option value="{TWICE} ({IN_TEN_YEARS.year})">December {IN_TEN_YEARS.year}</option>' in page
    assert '<option value="ES">E-Mini S&amp;P 500</option>' in page
    assert '<option value="CME">XCME</option>' in page
    assert GONE not in page
    assert "P129" in longer
    assert few == many


@pytest.mark.pages
def test_the_front_month_is_the_contract_that_the_platform_puts_first(alice: Client, market: Organization) -> None:
    with organization_scope(market.pk):
        FrontMonth.objects.create(organization=market, product_id=1, contract_name=ONCE, asked_at=NOW)

    page = alice.get(start_url("add-position-limit", "account", [21]), follow=True).content.decode()

    assert f'<option value="{ONCE}">March {NEXT.year}, front month</option>' in page
    assert "to expire</option>" not in page


@pytest.mark.pages
def test_lists_show_the_year_of_names_that_come_again(alice: Client, market: Organization, write: Writer) -> None:
    for number, contract_id in ((1, NEAR), (2, FAR), (3, LATER)):
        write.mirror("position", market, number, account_id=21, contract_id=contract_id, net_pos=1)

    positions = alice.get(reverse("admin:mirrors_position_changelist")).content.decode()
    contracts = alice.get(reverse("admin:mirrors_contract_changelist")).content.decode()

    for page in (positions, contracts):
        assert f"{TWICE} ({SOON.year})" in page
        assert f"{TWICE} ({IN_TEN_YEARS.year})" in page
        assert f"{ONCE} (" not in page
    assert f"{GONE} ({FIVE_YEARS_AGO.year})" in contracts
