"""The auto-liquidation thresholds of an account (DEMO): loss, profit and margin limits, trailing drawdown.

A threshold that is left out is not set (partner.tradovate.com, post-trade-risk), so a request holds everything that is
to be in force. The settings share their id with the account; the documents do not say so, all captures do.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from vendor_admin.tradovate.catalogue.answers import (
    UpdateUserAutoLiqAnswer,
    UpdateUserAutoLiqsAnswer,
    UserAccountAutoLiqAnswer,
)
from vendor_admin.tradovate.catalogue.batches import Batch, ByKey
from vendor_admin.tradovate.catalogue.evidence import holds_settings
from vendor_admin.tradovate.catalogue.fields import DrawdownMode, Id, Moment, NotNegative, Percentage
from vendor_admin.tradovate.catalogue.look_ups import Doubt, Entity, LookUp, Reading
from vendor_admin.tradovate.catalogue.operation import DEMO_ONLY, Operation
from vendor_admin.tradovate.catalogue.replaced_settings import from_entity, names_of
from vendor_admin.tradovate.catalogue.request import Request, body_of
from vendor_admin.tradovate.catalogue.write import Reversal, Settling, Write
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.errors import Fault
from vendor_admin.tradovate.outcomes import Json


class Thresholds(Request, frozen=True, kw_only=True):
    """What brings about an alert, closing orders only (liq only), or liquidation. Money in the account's currency.

    `trailing_max_drawdown_limit` is the level at which the drawdown's floor stops to rise.
    """

    margin_percentage_alert: Percentage | None = None
    daily_loss_percentage_alert: Percentage | None = None
    daily_loss_alert: NotNegative | None = None
    margin_percentage_liq_only: Percentage | None = None
    daily_loss_percentage_liq_only: Percentage | None = None
    daily_loss_liq_only: NotNegative | None = None
    margin_percentage_auto_liq: Percentage | None = None
    daily_loss_percentage_auto_liq: Percentage | None = None
    daily_loss_auto_liq: NotNegative | None = None
    weekly_loss_auto_liq: NotNegative | None = None
    flatten_timestamp: Moment | None = None
    trailing_max_drawdown: NotNegative | None = None
    trailing_max_drawdown_limit: NotNegative | None = None
    trailing_max_drawdown_mode: DrawdownMode | None = None
    daily_profit_auto_liq: NotNegative | None = None
    weekly_profit_auto_liq: NotNegative | None = None
    do_not_unlock: bool | None = None
    changes_locked: bool | None = None


class UserAccountAutoLiq(Thresholds, frozen=True, kw_only=True):
    """All thresholds of one account; `id` is the account's."""

    id: Id


class UpdateUserAutoLiq(Thresholds, frozen=True, kw_only=True):
    """All thresholds of one account. With `as_owner` they are the owner's, which the trader cannot loosen; else they
    are kept for the user with the trading permission."""

    account_id: Id
    as_owner: bool | None = None


class UpdateUserAutoLiqs(Request, frozen=True, kw_only=True):
    items: Annotated[tuple[UpdateUserAutoLiq, ...], Meta(min_length=1, description="at least one account")]

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        accounts = [item.account_id for item in self.items]
        if len(set(accounts)) < len(accounts):
            yield Fault("items", "not_unique", "must name each account once")


_OF_OWNER = names_of(Thresholds)
_NOT_OF_TRADER = (
    "flattenTimestamp",
    "trailingMaxDrawdown",
    "trailingMaxDrawdownLimit",
    "trailingMaxDrawdownMode",
    "doNotUnlock",
)
_OF_TRADER = tuple(name for name in _OF_OWNER if name not in _NOT_OF_TRADER)


def _settings(request: UserAccountAutoLiq, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.DEMO, "userAccountAutoLiq", "item", request.id)]


def _account(account_id: int) -> LookUp:
    """Which is there whether it has settings or not."""
    return LookUp(Environment.DEMO, "account", "item", account_id)


def _account_with(request: UserAccountAutoLiq, _reading: Reading) -> LookUp:
    return _account(request.id)


def _are_set(request: UserAccountAutoLiq, reading: Reading) -> bool | None:
    return _hold(request, reading.with_id("userAccountAutoLiq", request.id), _OF_OWNER)


def _hold(request: Thresholds, found: Entity | None, names: Sequence[str]) -> bool | None:
    wanted = {name: value for name, value in body_of(request).items() if name in names}
    if found is None and not wanted:
        return None
    return holds_settings(found, wanted, names)


def _doubt_about(account_id: int) -> Doubt:
    return Doubt(
        f"Account {account_id} has the new thresholds.",
        f"Account {account_id} has the thresholds from before. Sending them again does no harm.",
    )


def _doubt(request: UserAccountAutoLiq) -> Doubt:
    return _doubt_about(request.id)


def _clear(request: UserAccountAutoLiq, old: Entity | None, _answer: Json) -> Reversal | None:
    if old is not None:
        return _put_back(request, old, _answer)
    return Reversal(
        UPDATE_USER_ACCOUNT_AUTO_LIQ.path,
        UserAccountAutoLiq(id=request.id),
        remains="The settings stay, without any threshold.",
    )


def _put_back(_request: UserAccountAutoLiq, old: Entity | None, _answer: Json) -> Reversal | None:
    earlier = from_entity(UserAccountAutoLiq, old)
    return Reversal(UPDATE_USER_ACCOUNT_AUTO_LIQ.path, earlier) if earlier is not None else None


def _of_account(request: UpdateUserAutoLiq) -> LookUp:
    if request.as_owner:
        return LookUp(Environment.DEMO, "userAccountAutoLiq", "item", request.account_id)
    return LookUp(Environment.DEMO, "permissionedAccountAutoLiq", "deps", request.account_id)


def _one_account(request: UpdateUserAutoLiq, _environment: Environment) -> Sequence[LookUp]:
    return [_of_account(request)]


def _one_is_set(request: UpdateUserAutoLiq, reading: Reading) -> bool | None:
    if request.as_owner:
        return _hold(request, reading.with_id("userAccountAutoLiq", request.account_id), _OF_OWNER)
    found = reading.with_id("permissionedAccountAutoLiq", request.account_id)
    several = reading.of("permissionedAccountAutoLiq")
    if found is None and len(several) > 1:
        return None  # of several accounts or traders; nothing in them says of which
    return _hold(request, found or next(iter(several), None), _OF_TRADER)


def _account_of_one(request: UpdateUserAutoLiq, _reading: Reading) -> LookUp:
    return _account(request.account_id)


def _one_doubt(request: UpdateUserAutoLiq) -> Doubt:
    return _doubt_about(request.account_id)


def _earlier(request: UpdateUserAutoLiq, old: Entity | None) -> UpdateUserAutoLiq | None:
    return from_entity(UpdateUserAutoLiq, old, accountId=request.account_id, asOwner=request.as_owner)


def _put_one_back(request: UpdateUserAutoLiq, old: Entity | None, _answer: Json) -> Reversal | None:
    earlier = _earlier(request, old)
    return Reversal(UPDATE_USER_AUTO_LIQ.path, earlier) if earlier is not None else None


def _several(request: UpdateUserAutoLiqs, _environment: Environment) -> Sequence[LookUp]:
    return [_of_account(item) for item in request.items]


def _item_is_set(request: UpdateUserAutoLiqs, reading: Reading) -> bool | None:
    (item,) = request.items
    return _one_is_set(item, reading)


def _account_of_item(request: UpdateUserAutoLiqs, _reading: Reading) -> LookUp:
    (item,) = request.items
    return _account(item.account_id)


def _item_doubt(request: UpdateUserAutoLiqs) -> Doubt:
    (item,) = request.items
    return _one_doubt(item)


def _put_item_back(request: UpdateUserAutoLiqs, old: Entity | None, _answer: Json) -> Reversal | None:
    (item,) = request.items
    earlier = _earlier(item, old)
    return Reversal(UPDATE_USER_AUTO_LIQS.path, UpdateUserAutoLiqs(items=(earlier,))) if earlier is not None else None


def _operation(name: str, *, harmless: bool) -> Operation:
    return Operation(
        path=f"userAccountAutoLiq/{name}", method="POST", environments=DEMO_ONLY, harmless_to_repeat=harmless
    )


CREATE_USER_ACCOUNT_AUTO_LIQ = Write(
    operation=_operation("create", harmless=False),
    request=UserAccountAutoLiq,
    answer=UserAccountAutoLiqAnswer,
    settling=Settling(_settings, _are_set, _doubt, _account_with),
    revert=_clear,
)

UPDATE_USER_ACCOUNT_AUTO_LIQ = Write(
    operation=_operation("update", harmless=True),
    request=UserAccountAutoLiq,
    answer=UserAccountAutoLiqAnswer,
    settling=Settling(_settings, _are_set, _doubt, _account_with),
    revert=_put_back,
    cautions=("A threshold that is left out is no longer set.",),
)

UPDATE_USER_AUTO_LIQ = Write(
    operation=_operation("updateuserautoliq", harmless=True),
    request=UpdateUserAutoLiq,
    answer=UpdateUserAutoLiqAnswer,
    settling=Settling(_one_account, _one_is_set, _one_doubt, _account_of_one),
    revert=_put_one_back,
)

UPDATE_USER_AUTO_LIQS = Write(
    operation=_operation("updateuserautoliqs", harmless=True),
    request=UpdateUserAutoLiqs,
    answer=UpdateUserAutoLiqsAnswer,
    settling=Settling(_several, _item_is_set, _item_doubt, _account_of_item),
    revert=_put_item_back,
    batch=Batch("items", "items", 100, ByKey("userAutoLiqs", "userAccountAutoLiq", "accountId"), is_documented=False),
)
