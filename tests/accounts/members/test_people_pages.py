"""The pages of a member and an account, and their timeline."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from psycopg.types.json import Jsonb

from tests.support.staff_and_rows import NOW, page_text
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync.pages.timeline import Subject, read_timeline

pytestmark = pytest.mark.pages


def test_an_account_page_says_how_much_room_is_left_and_why(alice: Client, trading_day):
    trading_day(1)

    text = page_text(alice.get(reverse("account", args=[10_001])))

    assert "≈ 1,501.00" in text
    assert "Highest net liquidation value 50,500.00 less drawdown 2,000.00" in text
    assert "Positions are open: their profit or loss is not in it." in text


def test_an_account_page_says_unknown_where_the_mirrors_do_not_tell(alice: Client, alpha, write):
    write.mirror("account", alpha, 7, name="BARE")

    text = page_text(alice.get(reverse("account", args=[7])))

    assert "unknown" in text
    assert "No loss limit is known for this account." in text
    assert "The log holds nothing about this yet" in text
    assert "nobody can trade this account" in text


def test_where_no_limit_is_set_the_room_left_is_not_called_unknown(alice: Client, alpha, write):
    write.mirror("account", alpha, 7, name="FREE", user_id=8)
    write.mirror("user", alpha, 8)
    write.mirror("userAccountAutoLiq", alpha, 7)

    assert '<strong class="va-figure">No limit</strong>' in page_text(alice.get(reverse("account", args=[7])))
    assert '<span class="va-muted">no limit</span>' in page_text(alice.get(reverse("member", args=[8])))


def test_the_last_change_is_of_the_figures_that_are_shown(alice: Client, alpha, trading_day, write):
    trading_day(2)
    later = NOW + timedelta(hours=5)
    write.connection.execute("UPDATE mirrors_cashbalance SET received_at = %s WHERE account_id = 10001", [later])

    rows = alice.get(reverse("admin:mirrors_account_changelist")).context["rows"]
    changed = {row.name: value for _, cells, row in rows for column, value, _ in cells if column.title == "Last change"}
    own_page = page_text(alice.get(reverse("account", args=[10_001])))

    assert changed == {"EVAL1": later, "EVAL2": NOW}
    assert f'last change <time datetime="{later.isoformat()}" data-age="' in own_page


def test_an_account_whose_only_permission_is_revoked_may_not_trade(alice: Client, alpha, trading_day, write):
    trading_day(1)
    write.connection.execute("UPDATE mirrors_tradingpermission SET status = 'Revoked'")

    assert "<strong>No: revoked</strong>" in page_text(alice.get(reverse("account", args=[10_001])))
    assert ">revoked</span>" in page_text(alice.get(reverse("admin:mirrors_account_changelist")))

    write.mirror("tradingPermission", alpha, 2, user_id=2, account_id=10_001, status="Accepted")
    assert "<strong>Yes</strong>" in page_text(alice.get(reverse("account", args=[10_001])))


def test_pages_open_where_the_platform_left_almost_everything_out(alice: Client, alpha, write):
    write.mirror("account", alpha, 7, user_id=8)
    write.mirror("user", alpha, 8, environment="live")
    write.mirror("tradingPermission", alpha, 9, account_id=7, user_id=8)
    write.mirror("tradingPermission", alpha, 11, account_id=7)
    for entity_type in ("order", "fill", "position", "cashBalance", "userAccountPositionLimit"):
        write.mirror(entity_type, alpha, 9, account_id=7)
    for entity_type in ("userPlugin", "tradovateSubscription", "marketDataSubscription", "contactInfo"):
        write.mirror(entity_type, alpha, 10, user_id=8)
    for entity_type in ("userAccountAutoLiq", "accountRiskStatus", "marginSnapshot"):
        write.mirror(entity_type, alpha, 7)

    assert "unknown" in page_text(alice.get(reverse("account", args=[7])))
    assert "account 7" in page_text(alice.get(reverse("member", args=[8])))


def test_a_member_page_ties_both_environments_together_and_live_wins(alice: Client, alpha, trading_day, write):
    trading_day(1)
    write.mirror("user", alpha, 1, name="demo copy", environment="demo")
    write.mirror("userPlugin", alpha, 4, user_id=1, plugin_name="SimPlus", environment="live")

    text = page_text(alice.get(reverse("member", args=[1])))

    assert "trader1" in text
    assert "demo copy" not in text
    assert "EVAL1" in text
    assert "SimPlus" in text
    assert len(alice.get(reverse("admin:mirrors_platformuser_changelist")).context["rows"]) == 1


def test_a_gap_stands_in_the_timeline_where_it_ended(alpha, write):
    for minute in range(4):
        write.event(alpha, "order", minute, account_id=5, received_at=NOW + timedelta(minutes=minute))
    write.gap(alpha, started_at=NOW + timedelta(minutes=1, seconds=10), ended_at=NOW + timedelta(minutes=1, seconds=50))
    write.gap(alpha, environment="live", started_at=NOW, ended_at=NOW + timedelta(minutes=2, seconds=30))

    with organization_scope(alpha.pk):
        timeline = read_timeline(organization_id=alpha.pk, subject=Subject((5,), environment="demo"))

    assert [entry.event.entity_id if entry.event else "gap" for entry in timeline.entries] == [3, 2, "gap", 1, 0]


def test_each_gap_is_shown_once_over_all_pages_of_a_timeline(alpha, write):
    for minute in range(10):
        write.event(alpha, "order", minute, account_id=5, received_at=NOW + timedelta(minutes=minute))
        write.gap(alpha, lease_id=minute, ended_at=NOW + timedelta(minutes=minute, seconds=30))
    write.gap(alpha, lease_id=99)

    seen, cursor = [], ""
    with organization_scope(alpha.pk):
        for _ in range(5):
            page = read_timeline(organization_id=alpha.pk, subject=Subject((5,)), older_than=cursor, size=3)
            seen += [entry.event.entity_id if entry.event else "gap" for entry in page.entries]
            cursor = page.older
            if not cursor:
                break

    assert seen == ["gap"] + [part for minute in range(9, -1, -1) for part in ("gap", minute)]


def test_a_timeline_merges_accounts_and_entities_without_repeating_an_event(alpha, write):
    write.event(alpha, "account", 5, account_id=5, received_at=NOW)
    write.event(alpha, "user", 1, received_at=NOW + timedelta(seconds=1))
    write.event(alpha, "user", 2, received_at=NOW + timedelta(seconds=2))

    with organization_scope(alpha.pk):
        subject = Subject((5,), (("account", 5), ("user", 1)))
        timeline = read_timeline(organization_id=alpha.pk, subject=subject)

    assert [entry.event.entity_type for entry in timeline.entries if entry.event] == ["user", "account"]


def test_raw_json_is_one_click_away_for_those_who_may_see_it(alice: Client, bob: Client, alpha, trading_day, write):
    trading_day(1)
    write.event(alpha, "account", 10_001, payload=Jsonb({"id": 10_001, "secretNote": {"x": 1}}))

    assert "secretNote" in page_text(alice.get(reverse("account", args=[10_001])))
    assert "secretNote" not in page_text(bob.get(reverse("account", args=[10_001])))


def test_hostile_text_from_the_platform_is_shown_as_text(alice: Client, alpha, write):
    write.mirror("account", alpha, 7, name="<script>alert(1)</script>")
    write.event(alpha, "account", 7, payload=Jsonb({"id": 7, "name": "<script>alert(2)</script>"}))

    for address in (
        reverse("account", args=[7]),
        reverse("admin:mirrors_account_changelist"),
        reverse("admin:sync_entityevent_changelist"),
    ):
        text = page_text(alice.get(address))
        assert "&lt;script&gt;" in text
        assert "<script>alert" not in text


def test_an_exact_platform_id_leads_straight_to_its_page(alice: Client, trading_day):
    trading_day(3)

    assert alice.get(reverse("find"), {"q": "10002"}).headers["Location"] == reverse("account", args=[10_002])
    assert alice.get(reverse("find"), {"q": "2"}).headers["Location"] == reverse("member", args=[2])


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        ("D9200001", "demo"),
        ("d9200001", "demo"),
        ("L9200001", "live"),
        (" 9200001 ", "demo"),
        ("#9200001", "demo"),
        ("9,200,001", "demo"),
        ("9 200 001", "demo"),
    ],
)
def test_a_platform_id_is_found_as_people_write_it(alice: Client, alpha, write, words, environment):
    write.mirror("account", alpha, 9_200_001, name="EVALX00001")
    write.mirror("account", alpha, 9_200_001, name="REAL0001", environment="live")

    found = alice.get(reverse("find"), {"q": words})

    query = "?environment=live" if environment == "live" else ""
    assert found.headers["Location"] == reverse("account", args=[9_200_001]) + query


def test_an_id_with_the_letter_of_the_other_environment_is_not_found(alice: Client, alpha, write):
    write.mirror("account", alpha, 9_200_001, name="EVALX00001")
    write.mirror("user", alpha, 9_200_001, name="SOMEBODY", environment="live")

    assert alice.get(reverse("find"), {"q": "L9200001"}).status_code == 200


def test_the_search_finds_a_whole_name_before_those_that_contain_it_whatever_its_case_and_marks(
    alice: Client, alpha, write
):
    for number, name in enumerate(("EVAL1", "EVAL10", "EVAL11", "XEVAL1", "Élodie"), start=1):
        write.mirror("account", alpha, number, name=name)

    for words, first in (("eval1", "EVAL1"), ("EVAL10", "EVAL10"), ("elodie", "Élodie"), ("ÉLODIE", "Élodie")):
        hits = alice.get(reverse("find"), {"q": words}).context["hits"]
        assert hits[0]["name"] == first, words
    assert len(alice.get(reverse("find"), {"q": "eval1"}).context["hits"]) == 4


def test_the_id_of_an_order_leads_to_it_but_not_in_another_organization(alice: Client, alpha, beta, write):
    write.mirror("order", alpha, 600_000_001, account_id=7)
    write.mirror("order", beta, 600_000_002, account_id=7)

    found = alice.get(reverse("find"), {"q": "600000001"})

    assert found.headers["Location"] == reverse("admin:mirrors_order_change", args=[600_000_001])
    assert "No results for" in page_text(alice.get(reverse("find"), {"q": "600000002"}))


def test_a_line_of_the_timeline_leads_to_what_it_is_about(alice: Client, trading_day):
    trading_day(1)

    page = page_text(alice.get(reverse("account", args=[10_001])))

    assert '</strong> <a href="/admin/mirrors/' in page


def test_search_forgives_typing_errors_and_helps_when_nothing_is_found(alice: Client, alpha, write):
    write.mirror("user", alpha, 1, name="Katharina", environment="live")

    assert "Katharina" in page_text(alice.get(reverse("find"), {"q": "Kathrina"}))
    assert "Similar spellings are found" in page_text(alice.get(reverse("find"), {"q": "zzzz"}))
    for words in ("%", "\\", "_", "'", "\x00", "x" * 500, "9" * 30):
        assert alice.get(reverse("find"), {"q": words}).status_code == 200
