"""Two organizations with the same things: everything of the one carries unmistakable texts and ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils import timezone

from tests.support.partner_api.program import ApiProgram
from tests.support.people import staff_user
from tests.support.staff_and_rows import NOW, Writer
from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.mirrors.external_ids import Kind, set_external_ids
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

ENVIRONMENTS = ("demo", "live")
BARE = 90
"""The number of a member who has nothing."""
NUMBER_OF = {
    "user": 1, "account": 2, "contactInfo": 3, "cashBalance": 4, "tradingPermission": 5, "tradovateSubscription": 6,
    "tradovateSubscriptionPlan": 7, "userPlugin": 8, "entitlement": 9, "marketDataSubscription": 10,
    "marketDataSubscriptionPlan": 11, "userAccountPositionLimit": 12, "userAccountRiskParameter": 13, "contract": 14,
    "product": 15, "order": 16, "orderVersion": 17, "fill": 18, "position": 19, "orderStrategy": 20,
    "exchange": 22, "currency": 23, "cashBalanceLog": 24, "contractMaturity": 25, "productMargin": 26,
    "contractMargin": 27, "productSession": 28, "contractGroup": 29, "currencyRate": 30, "orderStrategyType": 31,
    "categoryPositionLimit": 32, "categoryRiskParameter": 33, "riskTimePeriod": 34, "autoLiqTransaction": 35,
    "accountRiskStatusLog": 36, "riskCategory": 37,
}  # fmt: skip
LEFT_EMPTY = (
    "street_address2", "state", "post_code", "mailing_street_address1", "mailing_street_address2", "mailing_city",
    "mailing_state", "mailing_post_code", "mailing_country",
)  # fmt: skip
"""Of contact info: a text of ours would be refused."""
OF_ACCOUNTS = ("accountRiskStatus", "userAccountAutoLiq", "permissionedAccountAutoLiq", "marginSnapshot")
"""Entity types that have the id of their account."""


@dataclass
class Planted:
    """An organization with one or two rows of everything. `ids` holds what the table of the matrix calls by name.
    `colleague` is a program of somebody else's there.
    """

    organization: Organization
    word: str
    base: int
    program: ApiProgram
    colleague: ApiProgram
    ids: dict[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    def id_of(self, entity_type: str) -> int:
        return self.base + (NUMBER_OF["account"] if entity_type in OF_ACCOUNTS else NUMBER_OF[entity_type])

    def marks(self) -> tuple[str, ...]:
        """Texts that an answer to somebody else must never hold."""
        return (self.word.lower(), str(self.base)[:5], *self.names)


def plant(organization: Organization, write: Writer, *, word: str, base: int, owner: str) -> Planted:
    """Write rows of everything that the partner API tells. `word` is in each text, `base` before each id."""
    staff_user(owner, organization)
    program = ApiProgram.of(organization, actor=Actor.staff(owner), name=f"Key of {word}")
    staff_user(f"colleague-of-{owner}", organization)
    colleague = ApiProgram.of(organization, actor=Actor.staff(f"colleague-of-{owner}"), name=f"Colleague's of {word}")
    planted = Planted(organization, word, base, program, colleague)
    for entity_type, model in mirror_models().items():
        if entity_type not in NUMBER_OF and entity_type not in OF_ACCOUNTS:
            continue
        for second in (0, 50):
            for environment in ENVIRONMENTS:
                values = _texts(model, word) | dict(_values(planted, entity_type, second=second))
                known = {one.column for one in model._meta.concrete_fields}
                row = {name: value for name, value in values.items() if name in known}
                write.mirror(
                    entity_type, organization, planted.id_of(entity_type) + second, environment=environment, **row
                )
    bare = {"name": f"{word}_bare", "email": f"{word}_bare@example.com", "status": "Active", "user_type": "Trader"}
    for environment in ENVIRONMENTS:
        write.mirror("user", organization, base + BARE, environment=environment, **bare)
    for kind, entity_type, environment in ((Kind.MEMBER, "user", ""), (Kind.ACCOUNT, "account", "demo")):
        with organization_scope(organization.pk):
            set_external_ids(
                organization=organization,
                kind=kind,
                wanted={planted.id_of(entity_type): f"{word}-{entity_type}"},
                environment=environment,
                actor=Actor.staff(owner),
                now=timezone.now(),
            )
    for number, entity_type in enumerate(("account", "order", "user", "fill"), start=1):
        account = planted.id_of("account") if entity_type != "user" else None
        write.event(
            organization, entity_type, planted.id_of(entity_type), seq=number, account_id=account, received_at=NOW
        )
    for environment in ENVIRONMENTS:
        write.socket(organization, environment=environment)
    planted.ids |= {
        "organization": str(organization.pk),
        "plan_kind": "change_balances",
        "plan": "0",
        "operation": "none",
        "other_account": str(planted.id_of("account") + 50),
        "word": word,
        "member": str(planted.id_of("user")),
        "bare_member": str(base + BARE),
        "account": str(planted.id_of("account")),
        "account_name": _account_name(planted, 0),
        "member_name": f"{word}_user0",
        "email": f"{word}0@example.com",
        "membership": str(planted.id_of("tradovateSubscription")),
        "membership_plan": str(planted.id_of("tradovateSubscriptionPlan")),
        "entitlement": str(planted.id_of("userPlugin")),
        "entitlement_kind": str(planted.id_of("entitlement")),
        "market_data_subscription": str(planted.id_of("marketDataSubscription")),
        "market_data_plan": str(planted.id_of("marketDataSubscriptionPlan")),
        "position_limit": str(planted.id_of("userAccountPositionLimit")),
        "risk_parameter": str(planted.id_of("userAccountRiskParameter")),
        "trading_permission": str(planted.id_of("tradingPermission")),
        "balance": str(planted.id_of("cashBalance")),
        **{name: str(planted.id_of(name)) for name in ("contract", "product", "order", "fill", "position")},
        "order_strategy": str(planted.id_of("orderStrategy")),
        "product_margin": str(planted.id_of("productMargin")),
        "contract_margin": str(planted.id_of("contractMargin")),
        "trading_session": str(planted.id_of("productSession")),
        "contract_group": str(planted.id_of("contractGroup")),
        "currency_rate": str(planted.id_of("currencyRate")),
        "strategy_type": str(planted.id_of("orderStrategyType")),
        "category_position_limit": str(planted.id_of("categoryPositionLimit")),
        "category_risk_parameter": str(planted.id_of("categoryRiskParameter")),
        "risk_period": str(planted.id_of("riskTimePeriod")),
        "risk_category": str(planted.id_of("riskCategory")),
        "auto_liquidation": str(planted.id_of("autoLiqTransaction")),
        "risk_status_change": str(planted.id_of("accountRiskStatusLog")),
        "member_reference": f"{word}-user",
        "account_reference": f"{word}-account",
    }
    change = {"change": "250.00", "reason": f"{word} bonus"}
    headers = {"Idempotency-Key": "planted"}
    started = program.post(f"/api/v1/accounts/{planted.ids['other_account']}/balance-changes", change, headers=headers)
    assert started.status_code == 202, started.content
    listed = program.get("/api/v1/operations").json()["data"]
    planted.ids |= {
        "plan": started.json()["id"],
        "operation": listed[0]["id"],
        "request": started["X-Request-Id"],
        "key": program.key.public_id,
    }
    taken = program.post(
        f"/api/v1/accounts/{planted.ids['account']}/cash-snapshots", {}, headers={"Idempotency-Key": "t"}
    )
    planted.ids["cash_snapshot"] = taken.json()["id"]
    tried = program.post(
        "/api/v1/orders/dry-run",
        {
            "account": planted.ids["account"],
            "orders": [{"contract": planted.ids["contract"], "action": "Buy", "quantity": 1, "order_type": "Market"}],
        },
        headers={"Idempotency-Key": "try"},
    )
    planted.ids["order_dry_run"] = tried.json()["id"]
    hook = {"url": f"https://hooks.{word}.example/in", "event_types": ["account.*"], "description": word}
    added = program.post("/api/v1/webhooks", hook, headers={"Idempotency-Key": "hook"})
    planted.ids["webhook"] = added.json()["id"]
    tried = program.post(f"/api/v1/webhooks/{planted.ids['webhook']}/test", {}, headers={"Idempotency-Key": "test"})
    planted.ids |= {"delivery": tried.json()["id"], "message": tried.json()["message_id"]}
    planted.names = tuple(planted.ids[name].lower() for name in ("operation", "request", "key", "message"))
    return planted


def _texts(model: type[models.Model], word: str) -> dict[str, Any]:
    """The organization's word in every column for text that the platform fills."""
    own = {one.name for one in Mirror._meta.get_fields()}
    texts = [one for one in model._meta.concrete_fields if isinstance(one, models.TextField | models.CharField)]
    return {str(one.column): f"{word} {one.name}" for one in texts if one.name not in own}


def _account_name(planted: Planted, second: int) -> str:
    return f"{planted.word.upper().replace('-', '')}{planted.base + second}"


def _values(planted: Planted, entity_type: str, *, second: int) -> Mapping[str, Any]:
    """What has to make sense for plans about it."""

    def other(name: str) -> int:
        return planted.id_of(name) + second

    common: dict[str, Any] = {
        "user_id": other("user"),
        "account_id": other("account"),
        "contract_id": other("contract"),
        "product_id": other("product"),
        "currency_id": 1,
        "order_id": other("order"),
        "active": True,
        "timestamp": NOW,
        "trade_date": NOW.date(),
    }
    word = planted.word
    special: dict[str, dict[str, Any]] = {
        "user": {"name": f"{word}_user{second}", "email": f"{word}{second}@example.com",
                 "status": "Active", "user_type": "Trader", "professional": False},
        "contactInfo": dict.fromkeys(LEFT_EMPTY) | {"country": "US", "phone": "+1 555 010 0200"},
        "account": {"name": _account_name(planted, second), "account_type": "Customer",
                    "margin_account_type": "Speculator", "legal_status": "Individual", "archived": False},
        "tradingPermission": {"status": "Accepted"},
        "cashBalance": {"amount": Decimal(50_000), "amount_sod": Decimal(50_000)},
        "accountRiskStatus": {"admin_action": "Normal", "max_net_liq": Decimal(50_500)},
        "userAccountAutoLiq": {"trailing_max_drawdown": Decimal(2_000), "trailing_max_drawdown_mode": "EOD"},
        "userAccountPositionLimit": {"total_by": "Overall", "exposed_limit": 5, "contract_id": None, "product_id": None,
                                     "product_type": None, "product_verification_status": None},
        "userAccountRiskParameter": {"user_account_position_limit_id": other("userAccountPositionLimit"),
                                     "contract_id": None, "product_id": None, "product_type": None,
                                     "product_verification_status": None},
        "categoryPositionLimit": {"risk_category_id": other("riskCategory")},
        "categoryRiskParameter": {"category_position_limit_id": other("categoryPositionLimit")},
        "order": {"ord_status": "Filled", "action": "Buy"},
        "fill": {"qty": 2, "price": Decimal(6000), "action": "Buy", "active": True},
        "position": {"net_pos": 2},
        "tradovateSubscription": {"tradovate_subscription_plan_id": other("tradovateSubscriptionPlan"),
                                  "cancelled_renewal": False, "expiration_date": NOW.date().replace(year=2030),
                                  "start_date": NOW.date()},
        "tradovateSubscriptionPlan": {"name": f"{word} plan{second}", "price": Decimal(99), "trial": False,
                                      "discontinued": None, "start_date": NOW.date().replace(year=2020)},
        "userPlugin": {"entitlement_id": other("entitlement"), "approval": True, "start_date": NOW.date(),
                       "expiration_date": NOW.date().replace(year=2030), "plan_price": Decimal(5)},
        "entitlement": {"name": f"{word} right{second}", "title": f"{word} right{second}", "price": Decimal(5)},
        "marketDataSubscription": {"market_data_subscription_plan_id": other("marketDataSubscriptionPlan"),
                                   "year": 2026, "month": 11},
        "marketDataSubscriptionPlan": {"name": f"{word} data{second}", "price": Decimal(4)},
    }  # fmt: skip
    return common | special.get(entity_type, {})
