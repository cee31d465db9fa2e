"""What a member reads: their own accounts only, in words, with ages, in a constant number of queries."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from oauth_bridge.members.data import MEMBER_WORDS
from oauth_bridge.members.figures import today
from oauth_bridge.members.renewals_in_words import renewal_of_entitlement, renewal_of_market_data, renewal_of_membership
from tests.oauth_bridge.visitor import Visitor
from tests.support.staff_and_rows import Writer
from vendor_admin.mirrors.rules.limits_in_words import LimitEffect
from vendor_admin.tradovate.trading_calendar import session_date


class Desk:
    """Writes accounts of a member as the sync does."""

    def __init__(self, write: Writer, visitor: Visitor) -> None:
        self.write = write
        self.visitor = visitor

    def row(self, entity_type: str, entity_id: int, **values: Any) -> None:
        self.write.mirror(entity_type, self.visitor.organization, entity_id, **values)

    def account(self, number: int = 1, *, owner: int | None = None, permission: str = "Accepted", **values: Any) -> int:
        account_id = 10_000 + number
        self.row("account", account_id, name=f"EVAL{number:03}", active=True, user_id=owner, **values)
        if permission:
            self.row(
                "tradingPermission",
                20_000 + number,
                user_id=self.visitor.user_id,
                account_id=account_id,
                status=permission,
            )
        self.row(
            "cashBalance",
            30_000 + number,
            account_id=account_id,
            amount=50_100,
            realized_pnl=120,
            trade_date=session_date(timezone.now()),
            received_at=timezone.now() - timedelta(minutes=5),
        )
        self.row("accountRiskStatus", account_id, max_net_liq=51_000, admin_action="Normal")
        self.row(
            "userAccountAutoLiq",
            account_id,
            trailing_max_drawdown=2_000,
            trailing_max_drawdown_mode="EOD",
            daily_loss_auto_liq=1_000,
        )
        return account_id


@pytest.fixture
def desk(ann: Visitor, write: Writer) -> Desk:
    ann.sign_in()
    return Desk(write, ann)


def text_of(visitor: Visitor, path: str, **kwargs: Any) -> str:
    response = visitor.get(path, **kwargs)
    assert response.status_code == 200, response.status_code
    return " ".join(response.content.decode().split())


def test_the_accounts_page_tells_how_much_room_is_left(desk, ann):
    desk.account()

    text = text_of(ann, "accounts/")

    assert "EVAL001" in text
    assert "1,100.00" in text, "cash 50,100 less floor 49,000"
    assert 'aria-label="55 percent of the trailing drawdown left"' in text
    assert '<rect class="fill" width="55" height="8"/>' in text
    for expected in ("49,000.00", "50,100.00", "120.00", "You may trade", ">5 min ago</time>", "none </dd>"):
        assert expected in text, expected


def test_members_have_words_for_every_effect_of_a_limit():
    assert set(MEMBER_WORDS) == set(LimitEffect)


def test_an_account_page_explains_the_limits_in_words(desk, ann):
    account_id = desk.account()
    desk.row("userAccountPositionLimit", 1, account_id=account_id, active=True, exposed_limit=5, total_by="Overall")
    desk.row("contract", 7, name="ESZ6")
    desk.row("position", 1, account_id=account_id, contract_id=7, net_pos=-2, net_price=6001)

    text = text_of(ann, f"accounts/demo/{account_id}/")

    for expected in (
        "Your drawdown floor is 49,000.00.",
        "Highest net liquidation value 51,000.00 less drawdown 2,000.00, followed at the end of each day.",
        "Loss room left, before open P&amp;L",
        "That much you may lose before the trailing drawdown acts.",
        'Your daily loss limit alone leaves <abbr title="about">≈</abbr> 1,120.00.',
        "You are closed out</strong> <span>at a day&#x27;s loss of 1,000.00",
        "at most 5 exposed",
        "short 2 ESZ6",
        "Positions are open, and Tradovate does not send us what they are worth",
        "Granted</span>",
    ):
        assert expected in text, expected


def test_a_member_sees_only_what_is_theirs(desk, ann, ben, write):
    mine = desk.account(1, owner=999)
    owned = desk.account(2, owner=ann.user_id, permission="")
    taken_back = desk.account(3, owner=999, permission="Revoked")
    requested = desk.account(4, owner=999, permission="Requested")
    strangers = desk.account(5, owner=ben.user_id, permission="")
    other_host = desk.account(6, owner=999, permission="")
    desk.row("tradingPermission", 77, user_id=ann.user_id, account_id=other_host, status="Accepted", environment="live")

    text = text_of(ann, "accounts/")

    for account_id, is_shown in (
        (mine, 1),
        (owned, 1),
        (taken_back, 0),
        (requested, 0),
        (strangers, 0),
        (other_host, 0),
    ):
        assert (f"/o/alpha/accounts/demo/{account_id}/" in text) == is_shown, account_id
        assert ann.get(f"accounts/demo/{account_id}/").status_code == (200 if is_shown else 404), account_id
    assert "Taken back" in text
    assert "Waits for approval" in text
    assert ann.get(f"accounts/live/{mine}/").status_code == 404
    assert ann.get(f"accounts/demo/{2**70}/").status_code == 404


@pytest.mark.parametrize("path", ["nope/", "accounts/demo/424242/", "accounts/nowhere/5/", "sign-in/nowhere/"])
def test_what_is_not_there_is_said_in_the_organizations_own_look(desk, ann, path):
    answer = ann.get(path)
    text = " ".join(answer.content.decode().split())

    assert answer.status_code == 404
    assert "Page not found" in text
    assert "/o/alpha/brand.css" in text
    assert 'href="/o/alpha/accounts/">To my accounts' in text
    assert "/admin/" not in text
    assert "organization you work for" not in text


def test_an_address_without_its_last_slash_leads_to_the_page_that_it_means(desk, ann):
    assert ann.get("accounts").headers["Location"] == "/o/alpha/accounts/"


def test_who_is_not_signed_in_is_led_from_a_wrong_address_to_the_sign_in(alpha, client):
    answer = client.get("/o/alpha/nope/")

    assert answer.status_code == 404
    assert 'href="/o/alpha/">To the sign-in page' in answer.content.decode()


def test_a_member_of_another_organization_sees_nothing_of_these_accounts(desk, ann, carl):
    account_id = desk.account(owner=carl.user_id)
    carl.sign_in()

    assert "EVAL001" not in text_of(carl, "accounts/")
    assert carl.get(f"accounts/demo/{account_id}/").status_code == 404
    assert carl.browser.get(f"/o/alpha/accounts/demo/{account_id}/").status_code == 302


def test_whether_one_may_trade_is_about_ones_own_permission(desk, ann, ben):
    account_id = desk.account(1, owner=ann.user_id, permission="Revoked")
    desk.row("tradingPermission", 90, user_id=ben.user_id, account_id=account_id, status="Accepted")

    text = text_of(ann, f"accounts/demo/{account_id}/")

    assert "No: revoked" in text


def test_a_locked_account_says_so(desk, ann, write):
    account_id = desk.account()
    write.connection.execute("UPDATE mirrors_accountriskstatus SET admin_action = 'LockTradingImmediately'")

    assert "No: locked" in text_of(ann, "accounts/")
    assert "An admin locked trading" in text_of(ann, f"accounts/demo/{account_id}/")


def test_closed_accounts_stand_apart(desk, ann):
    desk.account(1)
    desk.account(2, closed=True)

    text = text_of(ann, "accounts/")

    assert "Closed and archived accounts (1)" in text
    assert text.index("EVAL001") < text.index("Closed and archived") < text.index("EVAL002")


def test_pages_open_where_the_platform_left_almost_everything_out(desk, ann):
    desk.row("account", 1, user_id=ann.user_id)
    desk.row("tradingPermission", 2, user_id=ann.user_id)
    for entity_type in ("tradovateSubscription", "userPlugin", "marketDataSubscription"):
        desk.row(entity_type, 3, user_id=ann.user_id)

    assert "unknown" in text_of(ann, "accounts/")
    assert "has not sent the limits" in text_of(ann, "accounts/demo/1/")
    assert "has not sent until when" in text_of(ann, "subscriptions/")


def test_a_member_without_accounts_is_told_so(ann):
    ann.sign_in()

    assert "You have no account at Alpha Funding" in text_of(ann, "accounts/")
    assert "None that Tradovate has told of" in text_of(ann, "subscriptions/")


def test_figures_without_a_live_socket_are_called_old(desk, ann):
    desk.account()

    assert "These figures may be old." in text_of(ann, "accounts/")


def test_the_part_that_renews_itself_is_the_page_without_its_frame(desk, ann):
    account_id = desk.account()

    for path in ("accounts/", f"accounts/demo/{account_id}/"):
        part = text_of(ann, path, data={"part": "1"})
        assert "<html" not in part
        assert "1,100.00" in part
        assert f'data-refresh="/o/alpha/{path}?part=1"' in text_of(ann, path)


def test_subscriptions_say_when_they_renew(desk, ann):
    end = (timezone.now() + timedelta(days=40)).date()
    desk.row("tradovateSubscriptionPlan", 1, title="Monthly", environment="live")
    desk.row(
        "tradovateSubscription",
        2,
        user_id=ann.user_id,
        tradovate_subscription_plan_id=1,
        expiration_date=end,
        cancelled_renewal=False,
        plan_price=12.5,
        environment="live",
    )
    desk.row("userPlugin", 3, user_id=ann.user_id, plugin_name="TProp", expiration_date=end, autorenewal=False)

    text = text_of(ann, "subscriptions/")

    assert "<strong>Monthly</strong> <span>Renews on" in text
    assert "12.50 USD" in text
    assert "<strong>TProp</strong> <span>Ends on" in text


def test_pages_take_a_constant_number_of_queries(desk, ann):
    counts = []
    for first, last in ((1, 2), (2, 12)):
        for number in range(first, last):
            account_id = desk.account(number)
            desk.row("position", number, account_id=account_id, contract_id=7, net_pos=1)
            desk.row("userAccountPositionLimit", number, account_id=account_id, exposed_limit=5)
            desk.row("tradovateSubscription", number, user_id=ann.user_id)
        ann.get("accounts/")
        counts.append(
            [_queries(ann, path) for path in ("accounts/", "accounts/demo/10001/", "subscriptions/", "sign-ins/")]
        )

    assert counts[0] == counts[1]
    assert max(counts[0]) <= 40, counts


def _queries(visitor: Visitor, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert visitor.get(path).status_code == 200
    return len(captured)


def test_member_pages_keep_to_themselves(desk, ann):
    desk.account()
    for path in ("", "accounts/", "accounts/demo/10001/", "subscriptions/", "sign-ins/", "disconnect/"):
        response = ann.browser.get(f"/o/alpha/{path}", follow=True)
        body = response.content.decode()
        assert 'src="http' not in body
        assert 'href="http' not in body
        assert "style=" not in body
        assert "default-src 'self'" in response["Content-Security-Policy"]
        assert "unsafe" not in response["Content-Security-Policy"]
        assert "no-store" in response["Cache-Control"]
        assert response["X-Frame-Options"] == "DENY"
        assert response["X-Request-ID"]


def test_what_is_worth_nothing_known_is_not_called_net_liquidation_value(desk, ann):
    account_id = desk.account()
    desk.row("position", 1, account_id=account_id, contract_id=7, net_pos=-2, net_price=6001)

    for text in (text_of(ann, "accounts/"), text_of(ann, f"accounts/demo/{account_id}/").replace("Highest net", "")):
        assert "et liquidation value</dt>" not in text
        assert "Loss room left, before open P&amp;L" in text


def test_the_smaller_of_two_limits_is_the_room_left_and_is_named(desk, ann, write):
    account_id = desk.account()
    write.connection.execute("UPDATE mirrors_cashbalance SET realized_pnl = -900")

    text = text_of(ann, f"accounts/demo/{account_id}/")

    assert '<p class="figure"> 100.00' in text
    assert "10 % left of the daily loss limit of 1,000.00" in text
    assert "Your trailing drawdown alone leaves 1,100.00." in text


def test_where_no_limit_is_set_the_room_left_is_not_called_unknown(desk, ann, write):
    account_id = desk.account()
    write.connection.execute(
        "UPDATE mirrors_useraccountautoliq SET trailing_max_drawdown = NULL, daily_loss_auto_liq = NULL"
    )

    for path in ("accounts/", f"accounts/demo/{account_id}/"):
        assert '<p class="figure">No limit</p>' in text_of(ann, path)


@pytest.mark.parametrize("status", ["TemporaryLocked", "UnconfirmedEmail"])
def test_a_locked_or_unconfirmed_member_is_not_told_that_they_may_trade(desk, ann, write, status):
    account_id = desk.account()
    write.connection.execute("UPDATE mirrors_platformuser SET status = %s", [status])

    assert "You may trade<" not in text_of(ann, "accounts/")
    assert "No: member" in text_of(ann, f"accounts/demo/{account_id}/")


def test_todays_result_is_of_the_exchanges_session():
    now = timezone.now()
    session = session_date(now)

    assert today(realized=Decimal(5), trade_date=session, has_open_positions=False, now=now).amount == 5
    assert "open" in today(realized=Decimal(5), trade_date=session, has_open_positions=True, now=now).why
    older = today(realized=Decimal(5), trade_date=session - timedelta(days=7), has_open_positions=False, now=now)
    assert older.amount is None
    assert "5.00" in older.why
    assert today(realized=None, trade_date=session, has_open_positions=False, now=now).amount is None


class Row:
    def __init__(self, **values: Any) -> None:
        self.__dict__ |= values


TODAY = date(2026, 11, 20)
LATER, EARLIER = date(2026, 12, 1), date(2026, 11, 1)


@pytest.mark.parametrize(
    ("end", "cancelled", "words"),
    [
        (LATER, False, "Renews on December 1, 2026."),
        (LATER, True, "Ends on December 1, 2026; it does not renew."),
        (LATER, None, "Runs until December 1, 2026; Tradovate has not sent whether it renews."),
        (EARLIER, False, "Ended on November 1, 2026."),
        (None, False, "Tradovate has not sent until when."),
    ],
)
def test_a_membership_says_when_it_renews(end, cancelled, words):
    assert renewal_of_membership(Row(expiration_date=end, cancelled_renewal=cancelled), today=TODAY) == words
    renews = None if cancelled is None else not cancelled
    assert renewal_of_entitlement(Row(expiration_date=end, autorenewal=renews), today=TODAY) == words


@pytest.mark.parametrize(
    ("year", "month", "expired", "words"),
    [
        (2026, 11, False, "For November 2026. Unless it is cancelled before, it renews at 19:00 Chicago time"),
        (2026, 11, True, "Was for November 2026."),
        (2026, 10, None, "Was for October 2026."),
        (None, None, None, "Tradovate has not sent for which month."),
        (2026, 13, None, "Tradovate has not sent for which month."),
    ],
)
def test_market_data_says_for_which_month_it_is(year, month, expired, words):
    assert renewal_of_market_data(Row(year=year, month=month, expired=expired), today=TODAY).startswith(words)
