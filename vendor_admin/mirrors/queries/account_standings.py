"""How accounts stand, for previews of many at once: money, trailing drawdown, open positions."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from vendor_admin.mirrors.columns import platform_columns
from vendor_admin.mirrors.models import Account, AccountRiskStatus, CashBalance, Position, UserAccountAutoLiq
from vendor_admin.mirrors.queries.any_of import among
from vendor_admin.mirrors.queries.positions import open_positions
from vendor_admin.mirrors.readings import Ask
from vendor_admin.mirrors.rules.drawdown import Drawdown, Mode, Terms

PEAK_UNKNOWN = (
    "What this does to the trailing drawdown is not known: the platform has not sent the account's highest net "
    "liquidation value."
)
SEVERAL_CURRENCIES = "The account holds several currencies: what this does to its drawdown is not worked out."
REACHED = "The floor would be reached: the platform liquidates and locks the account."
POSITIONS_LEFT_OUT = "Positions are open: their profit or loss is not in these figures."
_MODES = frozenset(Mode)


class KnownAccount(NamedTuple):
    """What a preview asks about an account itself."""

    entity_id: int
    name: str | None
    archived: bool | None
    closed: bool | None
    evaluation_size: Decimal | None

    def __str__(self) -> str:
        return self.name or f"account {self.entity_id}"


class Balance(NamedTuple):
    """The cash of an account in one currency."""

    account_id: int | None
    currency_id: int | None
    amount: Decimal | None
    amount_sod: Decimal | None
    trade_date: date | None


@dataclass(frozen=True, slots=True)
class AccountStanding:
    """One account, as the mirrors have it. What the platform has not sent is None or empty.

    `auto_liq` is a named tuple with every setting of the mirror UserAccountAutoLiq, and `extra`. `peak` is the highest
    net liquidation value, from which the drawdown is measured.
    """

    account: KnownAccount
    balances: tuple[Balance, ...] = ()
    peak: Decimal | None = None
    auto_liq: Any = None
    has_open_positions: bool = False

    def balance_in(self, currency_id: int) -> Balance | None:
        """The cash in one currency."""
        return next((one for one in self.balances if one.currency_id == currency_id), None)

    def terms(self) -> Terms | None:
        """The trailing drawdown that is set; None if there is none."""
        settings = self.auto_liq
        if settings is None or not settings.trailing_max_drawdown:
            return None
        is_known = settings.trailing_max_drawdown_mode in _MODES
        return Terms(
            drawdown=settings.trailing_max_drawdown,
            mode=Mode(settings.trailing_max_drawdown_mode) if is_known else Mode.END_OF_DAY,
            limit=settings.trailing_max_drawdown_limit,
            starting_balance=self.account.evaluation_size,
        )

    def drawdown(self) -> Drawdown | None:
        """Where the account stands by its cash; None without a drawdown, or where a part of it is not known."""
        terms, amount = self.terms(), self.only_amount()
        if terms is None or amount is None or self.peak is None:
            return None
        return Drawdown(terms, peak=self.peak, net_liq=amount)

    def only_amount(self) -> Decimal | None:
        """The cash, of an account with one currency."""
        return self.balances[0].amount if len(self.balances) == 1 else None


@dataclass(frozen=True, slots=True)
class Effect:
    """The drawdown before and after a change: as fields of a preview's row, and what is unusual in sentences."""

    before: Drawdown | None
    after: Drawdown | None
    why_unknown: str = ""

    @property
    def old(self) -> dict[str, Decimal]:
        """`floor` and `room` before the change, where they are known."""
        return _figures(self.before)

    @property
    def new(self) -> dict[str, Decimal]:
        """`floor` and `room` after it."""
        return _figures(self.after)

    def warnings(self) -> list[str]:
        """That the change closes the account, or that what it does to floor and room is not known."""
        if self.why_unknown:
            return [self.why_unknown]
        return [REACHED] if self.after is not None and self.after.is_reached else []

    def loss_of_room(self) -> list[str]:
        """What becomes of floor and room where less room is left than before."""
        before, after = self.before, self.after
        if before is None or after is None or after.room >= before.room:
            return []
        floor = f"floor {before.floor:,.2f} → {after.floor:,.2f}"
        return [f"Less room: {floor}, room {before.room:,.2f} → {after.room:,.2f}."]


def effect_of(
    standing: AccountStanding, *, amount: Decimal | None = None, peak: Decimal | None = None, terms: Terms | None = None
) -> Effect:
    """What another balance, peak or drawdown does to an account; None leaves it as it is.

    Terms without a drawdown take the drawdown away.
    """
    new_terms = standing.terms() if terms is None else terms
    new_terms = new_terms if new_terms is not None and new_terms.drawdown else None
    if new_terms is None and standing.terms() is None:
        return Effect(None, None)
    if len(standing.balances) > 1:
        return Effect(None, None, why_unknown=SEVERAL_CURRENCIES)
    new_amount = standing.only_amount() if amount is None else amount
    new_peak = standing.peak if peak is None else peak
    if new_amount is None or new_peak is None:
        return Effect(None, None, why_unknown=PEAK_UNKNOWN)
    before = standing.drawdown()
    after = Drawdown(new_terms, peak=new_peak, net_liq=new_amount) if new_terms is not None else None
    return Effect(before, after)


def asks_of_standings(account_ids: Iterable[int | None], *, environment: str = "demo") -> list[Ask]:
    """What `standings` of these accounts depend on, to be read of the platform where mirrors may be old."""
    ids = list(account_ids)
    of_their_own = ("account", "accountRiskStatus", "userAccountAutoLiq")
    return [
        *(Ask(environment, entity_type, ids) for entity_type in of_their_own),
        *(Ask(environment, entity_type, ids, by_master=True) for entity_type in ("cashBalance", "position")),
    ]


def standings(
    account_ids: Iterable[int | None], *, organization_id: int, environment: str = "demo"
) -> dict[int, AccountStanding]:
    """The accounts that are known of these, by id. Five queries, however many.

    Only what is asked about them is read, and no models are made of it: of ten thousand accounts that takes seconds.
    """
    ids = {one for one in account_ids if one is not None}
    own = {"organization_id": organization_id, "environment": environment, "deleted_at__isnull": True}
    by_id, by_account = among("entity_id", ids), among("account_id", ids)
    accounts = Account.objects.filter(by_id, **own).values_list(*KnownAccount._fields)
    balances: dict[int | None, list[Balance]] = defaultdict(list)
    for row in CashBalance.objects.filter(by_account, **own).order_by("entity_id").values_list(*Balance._fields):
        balances[row[0]].append(Balance._make(row))
    peaks = dict(AccountRiskStatus.objects.filter(by_id, **own).values_list("entity_id", "max_net_liq"))
    names = [column.name for column in platform_columns(UserAccountAutoLiq)]
    settings = UserAccountAutoLiq.objects.filter(by_id, **own).values_list("entity_id", "extra", *names, named=True)
    settings_of = {one.entity_id: one for one in settings}
    trading = set(open_positions(Position.objects.filter(by_account, **own)).values_list("account_id", flat=True))
    return {
        account.entity_id: AccountStanding(
            account,
            balances=tuple(balances.get(account.entity_id, ())),
            peak=peaks.get(account.entity_id),
            auto_liq=settings_of.get(account.entity_id),
            has_open_positions=account.entity_id in trading,
        )
        for account in map(KnownAccount._make, accounts)
    }


def _figures(drawdown: Drawdown | None) -> dict[str, Decimal]:
    return {} if drawdown is None else {"floor": drawdown.floor, "room": drawdown.room}
