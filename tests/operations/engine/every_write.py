"""For every write of the catalogue a plan that makes one call of it, each on members and accounts of its own.

Plans are those of the product where a kind makes the call, else AnyWrite. What they need is in the simulated world
before mirrors are loaded, so that no case waits for another.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.sandbox.plain_client import call, log_in
from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from tests.support.vendor_members import GOOD_PASSWORD, new_member
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Plan
from vendor_admin.sandbox.running import RunningSandbox
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.trading_calendar import session_date

REPLAY, DEPTH_OF_MARKET = 12, 42

WAYS = 6  # in which every write is tried

CANCEL = "user/canceleverything"
PASSWORD = "user/modifypassword"
RESET = "account/resetdemoaccountstate"
SNAPSHOT = "cashBalance/getcashbalancesnapshot"
NOT_FOR_VENDORS = ("user/requesttradingpermission", "user/accepttradingpermission")

# Every write on every host where it does something of its own.
EVERY_WRITE = [(path, host) for path in WRITES for host in (("live", "demo") if path == CANCEL else ("",))]

ONLY_ASKS = frozenset(path for path, write in WRITES.items() if write.settling is None)
MODIFY_STRATEGY = "orderStrategy/modifyorderstrategy"


@dataclass(frozen=True)
class Asked:
    """A plan to be made: kind, targets, parameters, and where its call goes."""

    kind: str
    targets: list[Target]
    parameters: dict[str, Any] = field(default_factory=dict)
    environment: str = "demo"


@dataclass(frozen=True)
class Member:
    """A member of the simulated world with an account and what hangs on both, by ids."""

    user: int
    account: int
    balance: int
    permission: int
    limit: int
    parameter: int
    membership: int
    plugin: int
    market_data: int


class Material:
    """Hands out members that no plan has used yet. Made before the mirrors are loaded, since it changes the world."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self._sandbox = sandbox
        (self._vendor,) = sandbox.organizations()
        self._ids = sandbox.control("ids", organization=self._vendor["name"])
        self._numbers = itertools.count(1)
        self._token = log_in(sandbox)
        found = list(self._members())
        self._members_left = iter(found)
        self._prepared = {path: list(itertools.islice(self._members_left, WAYS)) for path in _PREPARED}
        for path, prepare in _PREPARED.items():
            for one in self._prepared[path]:
                prepare(self, one)

    def asked(self, path: str, host: str = "") -> Asked:
        """A plan that calls this write once."""
        if path == CANCEL:
            return self._cancelling(host)
        return _ASKED[path](self, self._prepared[path].pop() if path in _PREPARED else self.next_member())

    def number(self) -> int:
        return next(self._numbers)

    def next_member(self) -> Member:
        return next(self._members_left)

    @property
    def admin_password(self) -> str:
        return str(self._vendor["credentials"]["password"])

    @property
    def template_id(self) -> int:
        return int(self._ids["templates"][0]["id"])

    @property
    def membership_plan_id(self) -> int:
        return int(next(iter(self._ids["tradovateSubscriptionPlan"].values())))

    def does(self, path: str, **body: Any) -> dict[str, Any]:
        """Have the platform do something that a case needs, and give its answer."""
        status, answer = call(self._sandbox, "demo", path, self._token, body)
        assert status == 200, answer
        assert not answer.get("failureText"), answer
        assert not answer.get("errorText"), answer
        return dict(answer)

    def position_of(self, one: Member) -> dict[str, Any]:
        """A position that the member's account has opened."""
        self.does("order/placeorder", **_order(self, one), orderType="Market")

        def opened() -> dict[str, Any] | None:
            found = (each for each in self._held("demo")["position"] if each["accountId"] == one.account)
            return next((each for each in found if each["netPos"]), None)

        return wait_until(opened, what="a position")

    @property
    def contract(self) -> dict[str, Any]:
        """The contract in front, which is traded."""
        status, found = call(self._sandbox, "demo", "contract/suggest", self._token, None, t="MES", l=1)
        assert status == 200, found
        return dict(found[0])

    def delete(self, environment: str, entity_type: str, entity_id: int) -> None:
        self._sandbox.control(
            "delete", organization=self._vendor["name"], environment=environment, entityType=entity_type, id=entity_id
        )

    def change(self, entity_type: str, entity_id: int, **fields: Any) -> None:
        self._sandbox.control(
            "mutate",
            organization=self._vendor["name"],
            environment="demo",
            entityType=entity_type,
            id=entity_id,
            fields=fields,
        )

    def _cancelling(self, host: str) -> Asked:
        both = (self.next_member(), self.next_member())
        return Asked("cancel_members", [Target("user", one.user, {"environment": host}) for one in both], {}, host)

    def _members(self) -> Iterator[Member]:
        live, demo = (self._held(environment) for environment in ("live", "demo"))
        balance_of = {one["accountId"]: one["id"] for one in demo["cashBalance"]}
        limit_of = {one["accountId"]: one["id"] for one in demo["userAccountPositionLimit"]}
        parameter_of = {one["userAccountPositionLimitId"]: one["id"] for one in demo["userAccountRiskParameter"]}
        of_user = [
            {one["userId"]: one["id"] for one in live[entity_type] if not one.get("cancelledRenewal")}
            for entity_type in ("tradovateSubscription", "userPlugin", "marketDataSubscription")
        ]
        locked = {one["id"] for one in demo["accountRiskStatus"] if one.get("adminAction") not in (None, "Normal")}
        for one in demo["tradingPermission"]:
            user, account = one["userId"], one["accountId"]
            if one["status"] == "Accepted" and user in of_user[0] and account not in locked:
                limit = limit_of[account]
                yield Member(
                    user,
                    account,
                    balance_of[account],
                    one["id"],
                    limit,
                    parameter_of[limit],
                    *(each[user] for each in of_user),
                )

    def _held(self, environment: str) -> dict[str, list[dict[str, Any]]]:
        found = self._sandbox.view("expected", organization=self._vendor["name"], environment=environment)
        return dict(found["entities"])


def start(scene: Scene, asked: Asked) -> Plan:
    """Start the plan; none of its rows may be skipped."""
    plan = scene.start(asked.kind, asked.targets, parameters=asked.parameters)
    assert {row.state for row in scene.rows(plan)} == {"queued"}, [row.why for row in scene.rows(plan)]
    return plan


def _any(path: str, **body: Any) -> Asked:
    return Asked("test_any_write", [Target("any", None, {"path": path, "environment": "demo", "body": body})])


def _settings(entity_type: str, **wanted: Any) -> Target:
    return Target(entity_type, wanted.pop("id", None), wanted)


def _order(world: Material, one: Member) -> dict[str, Any]:
    order = {"accountId": one.account, "symbol": world.contract["name"], "action": "Buy"}
    return {**order, "orderQty": 1, "isAutomated": True}


def _resting(world: Material, one: Member) -> dict[str, Any]:
    return {**_order(world, one), "orderType": "Limit", "price": 100}


def _placed(world: Material, one: Member) -> int:
    return int(world.does("order/placeorder", **_resting(world, one))["orderId"])


def _strategy(world: Material, one: Member) -> dict[str, Any]:
    of_account = {"accountId": one.account, "symbol": world.contract["name"], "action": "Buy"}
    return {**of_account, "orderStrategyTypeId": 2, "isAutomated": True}


def _started(world: Material, one: Member) -> int:
    path = "orderStrategy/startorderstrategy"
    return int(world.does(path, **_strategy(world, one), params=json.dumps(_PARAMS))["orderStrategy"]["id"])


def _live(kind: str, *targets: Target) -> Asked:
    return Asked(kind, list(targets), {}, "live")


_LIMITS = ("create_position_limits", "update_position_limits", "delete_position_limits")
_LIMIT, _PARAMETER = "userAccountPositionLimit", "userAccountRiskParameter"
_ABOVE = {"action": "Sell", "orderType": "Limit", "price": 90_000}
_PARAMS = {
    "entryVersion": {"orderQty": 1, "orderType": "Limit", "price": 100},
    "brackets": [{"qty": 1, "profitTarget": 30, "stopLoss": -15}],
}
_NEW_BRACKETS = [{"qty": 1, "profitTarget": 40, "stopLoss": -20}]
_TODAY = session_date(datetime.now(UTC)).isoformat()


def _with_little_money(world: Material, one: Member) -> None:
    world.change("cashBalance", one.balance, amount=12_345.0, amountSOD=12_000.0)


# Writes that need members who are unlike the others.
_PREPARED: dict[str, Callable[[Material, Member], None]] = {
    "user/addtradovatesubscription": lambda world, one: world.delete("live", "tradovateSubscription", one.membership),
    "user/accepttradingpermission": lambda world, one: world.change(
        "tradingPermission", one.permission, status="Requested"
    ),
    RESET: _with_little_money,
    "cashBalance/changedemobalance": _with_little_money,
    "userAccountAutoLiq/create": lambda world, one: world.delete("demo", "userAccountAutoLiq", one.account),
}

_ASKED: dict[str, Callable[[Material, Member], Asked]] = {
    "user/createevaluationusers": lambda world, one: _live(
        "create_members", new_member(world.number()), new_member(world.number())
    ),
    "contactInfo/updatecontactinfo": lambda world, one: _live(
        "update_contact_info", Target("user", one.user, {"city": "Elsewhere"})
    ),
    "user/modifyemailaddress": lambda world, one: _live(
        "modify_member_email", Target("user", one.user, {"email": f"moved.{one.user}@traders.example"})
    ),
    PASSWORD: lambda world, one: _live(
        "modify_member_password",
        Target("user", one.user, {}, {"password": GOOD_PASSWORD, "currentPassword": world.admin_password}),
    ),
    "user/modifycredentials": lambda world, one: _live(
        "modify_member_credentials",
        Target(
            "user",
            one.user,
            {"name": f"RENAMED_{one.user}"},
            {"password": GOOD_PASSWORD, "currentPassword": world.admin_password},
        ),
    ),
    "user/addtradovatesubscription": lambda world, one: _live(
        "add_memberships", Target("user", one.user, {"tradovateSubscriptionPlanId": world.membership_plan_id})
    ),
    "user/canceltradovatesubscription": lambda world, one: _live(
        "cancel_memberships", Target("tradovateSubscription", one.membership)
    ),
    "userPlugin/addentitlementsubscription": lambda world, one: _live(
        "add_entitlements", Target("user", one.user, {"entitlementId": REPLAY})
    ),
    "userPlugin/changepluginpermission": lambda world, one: _live(
        "change_plugin_permissions", Target("userPlugin", one.plugin, {"approval": False})
    ),
    "user/addmarketdatasubscription": lambda world, one: _live(
        "add_market_data", Target("user", one.user, {"marketDataSubscriptionPlanIds": [DEPTH_OF_MARKET]})
    ),
    "user/expiremarketdatasubscription": lambda world, one: _live(
        "expire_market_data", Target("marketDataSubscription", one.market_data)
    ),
    "user/createevaluationaccounts": lambda world, one: Asked(
        "create_accounts",
        [Target("account", None, {"name": f"EVERY{world.number():05d}", "userId": one.user}) for _ in range(2)],
        {"templateAccountId": world.template_id, "initialBalance": 25_000},
    ),
    RESET: lambda world, one: Asked(
        "reset_accounts",
        [Target("account", one.account)],
        {"tradeDate": _TODAY},
    ),
    "user/createtradingpermission": lambda world, one: Asked(
        "grant_trading_permissions", [Target("account", one.account, {"userId": world.next_member().user})]
    ),
    "user/revoketradingpermission": lambda world, one: Asked(
        "test_revoke_one_by_one", [Target("tradingPermission", one.permission)]
    ),
    "user/revoketradingpermissions": lambda world, one: Asked(
        "revoke_trading_permissions",
        [Target("tradingPermission", each.permission) for each in (one, world.next_member())],
    ),
    "user/requesttradingpermission": lambda world, one: _any(
        "user/requesttradingpermission", accountId=one.account, ctaContact="Ada Abel", ctaEmail="ada@traders.example"
    ),
    "user/accepttradingpermission": lambda world, one: _any(
        "user/accepttradingpermission", tradingPermissionId=one.permission
    ),
    "cashBalance/changedemobalance": lambda world, one: Asked(
        "change_balances", [Target("account", one.account, {"cashChange": "-125.50"})], {"by": "changeDemoBalance"}
    ),
    "fundTransaction/adjustcash": lambda world, one: Asked(
        "change_balances", [Target("account", one.account, {"cashChange": "250.25", "maxNetLiq": "keep"})]
    ),
    "accountRiskStatus/updatemaxnetliq": lambda world, one: Asked(
        "update_max_net_liq", [Target("account", one.account, {"maxNetLiq": "400000"})]
    ),
    SNAPSHOT: lambda world, one: Asked(
        "test_any_write",
        [Target("any", None, {"path": SNAPSHOT, "environment": "demo", "body": {"accountId": one.account}})],
    ),
    "userAccountAutoLiq/create": lambda world, one: Asked(
        "set_auto_liq", [Target("account", one.account, {"dailyLossAutoLiq": "750"})]
    ),
    "userAccountAutoLiq/update": lambda world, one: _any(
        "userAccountAutoLiq/update", id=one.account, dailyLossAutoLiq=760, doNotUnlock=True, changesLocked=True
    ),
    "userAccountAutoLiq/updateuserautoliq": lambda world, one: _any(
        "userAccountAutoLiq/updateuserautoliq", accountId=one.account, dailyLossAutoLiq=770, changesLocked=False
    ),
    "userAccountAutoLiq/updateuserautoliqs": lambda world, one: Asked(
        "set_auto_liq",
        [Target("account", each.account, {"dailyLossAutoLiq": "780"}) for each in (one, world.next_member())],
    ),
    "userAccountPositionLimit/create": lambda world, one: Asked(
        _LIMITS[0], [_settings(_LIMIT, accountId=one.account, active=True, totalBy="Overall", exposedLimit=7)]
    ),
    "userAccountPositionLimit/update": lambda world, one: Asked(
        _LIMITS[1], [_settings(_LIMIT, id=one.limit, exposedLimit=8)]
    ),
    "userAccountPositionLimit/deleteuseraccountpositionlimit": lambda world, one: Asked(
        _LIMITS[2], [_settings(_LIMIT, id=one.limit)]
    ),
    "userAccountRiskParameter/create": lambda world, one: Asked(
        "create_risk_parameters",
        [_settings(_PARAMETER, userAccountPositionLimitId=one.limit, maxOpeningOrderQty=3)],
    ),
    "userAccountRiskParameter/update": lambda world, one: Asked(
        "update_risk_parameters", [_settings(_PARAMETER, id=one.parameter, maxOpeningOrderQty=4)]
    ),
    "userAccountPositionLimit/deleteuseraccountriskparameter": lambda world, one: Asked(
        "delete_risk_parameters", [_settings(_PARAMETER, id=one.parameter)]
    ),
    "order/placeorder": lambda world, one: _any("order/placeorder", **_resting(world, one)),
    "order/placeoco": lambda world, one: _any("order/placeoco", **_resting(world, one), other=_ABOVE),
    "order/placeoso": lambda world, one: _any("order/placeoso", **_resting(world, one), bracket1=_ABOVE),
    "order/modifyorder": lambda world, one: _any(
        "order/modifyorder", orderId=_placed(world, one), orderQty=2, orderType="Limit", price=101, isAutomated=True
    ),
    "order/cancelorder": lambda world, one: _any("order/cancelorder", orderId=_placed(world, one), isAutomated=True),
    "order/liquidateposition": lambda world, one: _any(
        "order/liquidateposition",
        accountId=one.account,
        contractId=world.position_of(one)["contractId"],
        admin=True,
        isAutomated=True,
    ),
    "order/liquidatepositions": lambda world, one: _any(
        "order/liquidatepositions", positions=[world.position_of(one)["id"]], admin=True, isAutomated=True
    ),
    "order/dryrun": lambda world, one: _any(
        "order/dryrun",
        accountId=one.account,
        orders=[{"contractId": world.contract["id"], "action": "Buy", "orderQty": 1, "orderType": "Market"}],
    ),
    "orderStrategy/startorderstrategy": lambda world, one: _any(
        "orderStrategy/startorderstrategy", **_strategy(world, one), params=_PARAMS
    ),
    MODIFY_STRATEGY: lambda world, one: _any(
        MODIFY_STRATEGY, orderStrategyId=_started(world, one), command=json.dumps({"brackets": _NEW_BRACKETS})
    ),
    "orderStrategy/interruptorderstrategy": lambda world, one: _any(
        "orderStrategy/interruptorderstrategy", orderStrategyId=_started(world, one)
    ),
    "contract/rollcontract": lambda world, one: _any(
        "contract/rollcontract", name=world.contract["name"], forward=True
    ),
    "contract/rollcontracts": lambda world, one: _any(
        "contract/rollcontracts", rollContracts=[{"name": world.contract["name"], "forward": True}]
    ),
    "contract/getproductfeeparams": lambda world, one: _any("contract/getproductfeeparams", productIds=[801]),
}
