"""Loss, profit and drawdown limits of accounts (userAccountAutoLiq), as plans (DEMO).

A request replaces all limits of an account, so what is not asked for is sent as the mirror has it. A limit of zero is
none (partner.tradovate.com, post-trade-risk: a field that is left out is no such limit).
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from risk.auto_liq.inputs import LimitsOfAccount
from risk.settings_schema import Settings, changed, in_one_sentence, shown
from vendor_admin.errors import InvalidFields
from vendor_admin.mirrors.queries.account_summary import AccountSummary
from vendor_admin.mirrors.queries.accounts import asks_of_accounts, known_accounts
from vendor_admin.mirrors.readings import Ask
from vendor_admin.mirrors.rules.drawdown import Mode, Terms
from vendor_admin.operations.inputs.declaration import PlanInput
from vendor_admin.operations.kinds import Call, Json, PlanRequest, RowDraft, Target
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.precedence import Aspect
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.replaced_settings import names_of
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations.auto_liq import (
    CREATE_USER_ACCOUNT_AUTO_LIQ,
    UPDATE_USER_AUTO_LIQS,
    Thresholds,
    UpdateUserAutoLiqs,
)

DEMO = Environment.DEMO.value
_FLAGS = {"doNotUnlock", "changesLocked"}
LIMITS = Settings(Thresholds, zero_is_none=frozenset(names_of(Thresholds)) - _FLAGS)
_OF_DRAWDOWN = ("trailingMaxDrawdown", "trailingMaxDrawdownLimit", "trailingMaxDrawdownMode")
OPEN_POSITIONS = "Positions are open: a tighter limit may liquidate them at once."
NEW = "The account has no limits yet: they are made."
UNKNOWN_SETTINGS = "The platform keeps settings that are not known here ({}); they may be gone after this change."
NO_DAILY_LOSS = "No daily loss limit is left."
NO_DRAWDOWN_LEFT = "No trailing drawdown is left."


class SetAutoLiq:
    """Targets are accounts. `wanted` holds limits by the platform's names; None or "" takes one away.

    What is not named stays. The plan's parameters are limits for all accounts; those of a target win.
    """

    name = "set_auto_liq"
    title = "Set loss and drawdown limits"
    right = Right.MANAGE_RISK
    takes = PlanInput(LimitsOfAccount)
    is_money = False
    is_sensitive = True
    changes = Aspect.RISK_SETTINGS

    def asks(self, request: PlanRequest) -> Sequence[Ask]:
        return asks_of_accounts(target.entity_id for target in request.targets)

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        found = known_accounts(
            (one.entity_id for one in request.targets), organization_id=request.organization_id, now=request.now
        )
        return [_draft(target, found.get(target.entity_id or 0), request.parameters) for target in request.targets]

    def calls(self, rows: Sequence[PlanRow], *, parameters: Mapping[str, Json], reason: str) -> Iterable[Call]:
        """A hundred accounts in a call; an account that has no limits yet by itself."""
        for request, together in UPDATE_USER_AUTO_LIQS.pack((row for row in rows if row.old), _update):
            yield Call(UPDATE_USER_AUTO_LIQS, DEMO, request, together)
        for row in rows:
            if not row.old:
                made = CREATE_USER_ACCOUNT_AUTO_LIQ.parse(LIMITS.body(row.new, id=row.target_id))
                yield Call(CREATE_USER_ACCOUNT_AUTO_LIQ, DEMO, made, [row])

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Every limit that was changed, as it was."""
        return self.name, [_back(row) for row in rows]


def _update(row: PlanRow) -> UpdateUserAutoLiqs:
    return UPDATE_USER_AUTO_LIQS.parse({"items": [LIMITS.body(row.new, accountId=row.target_id, asOwner=True)]})


def _draft(target: Target, account: AccountSummary | None, parameters: Mapping[str, Json]) -> RowDraft:
    draft = RowDraft(target, DEMO, str(account) if account else f"account {target.entity_id}")
    if account is None:
        draft.why_skipped = SkipReason.NOT_THERE.format("account")
        return draft
    if account.is_over:
        draft.why_skipped = SkipReason.ACCOUNT_OVER
        return draft
    try:
        wanted = LIMITS.read({**parameters, **target.wanted})
    except InvalidFields as invalid:
        draft.why_skipped = in_one_sentence(invalid)
        return draft
    old = LIMITS.of(account.auto_liq) if account.auto_liq is not None else {}
    new = {**dict.fromkeys(LIMITS.fields), **old, **wanted}
    draft.why_skipped = _hindrance(wanted, old, new)
    if not draft.why_skipped:
        draft.old, draft.new = shown(old, new), shown(new, old)
        draft.warnings = _warnings(account, old, new)
    return draft


def _hindrance(wanted: Mapping[str, Json], old: Mapping[str, Json], new: Mapping[str, Json]) -> str:
    if not wanted:
        return SkipReason.NO_LIMIT_NAMED
    if not changed(old, new):
        return SkipReason.SAME_LIMITS
    if new["trailingMaxDrawdown"] is None and any(new[name] is not None for name in _OF_DRAWDOWN):
        return SkipReason.NO_DRAWDOWN
    return ""


def _warnings(account: AccountSummary, old: Mapping[str, Json], new: Mapping[str, Json]) -> list[str]:
    moved = changed(old, new)
    warnings = [] if account.auto_liq is not None else [NEW]
    if any(name in moved for name in _OF_DRAWDOWN):
        effect = account.effect_of(terms=_terms(account, new))
        warnings += [*effect.loss_of_room(), *effect.warnings()]
        warnings += [NO_DRAWDOWN_LEFT] if new["trailingMaxDrawdown"] is None else []
    if "dailyLossAutoLiq" in moved and new["dailyLossAutoLiq"] is None and not new["dailyLossPercentageAutoLiq"]:
        warnings.append(NO_DAILY_LOSS)
    if account.has_open_positions and any(_acts_sooner(name, old.get(name), new[name]) for name in moved):
        warnings.append(OPEN_POSITIONS)
    if account.auto_liq is not None and account.auto_liq.extra:
        warnings.append(UNKNOWN_SETTINGS.format(", ".join(sorted(account.auto_liq.extra))))
    return warnings


def _acts_sooner(name: str, old: Json, new: Json) -> bool:
    """Whether a setting that changed may act on what is open. Alerts only tell; a limit that is raised acts later."""
    if name in _FLAGS or name.endswith("Alert"):
        return False
    if name == "trailingMaxDrawdownLimit":
        return new is None or old is None or Decimal(new) > Decimal(old)
    if new is None or name == "trailingMaxDrawdownMode":
        return bool(new == Mode.REAL_TIME.value)
    return name == "flattenTimestamp" or old is None or Decimal(new) < Decimal(old)


def _terms(account: AccountSummary, new: Mapping[str, Json]) -> Terms:
    """The trailing drawdown as it will be; none of it is a drawdown of zero."""
    limit, mode = new["trailingMaxDrawdownLimit"], new["trailingMaxDrawdownMode"]
    return Terms(
        drawdown=Decimal(new["trailingMaxDrawdown"] or 0),
        mode=Mode(mode) if mode in frozenset(Mode) else None,
        limit=Decimal(limit) if limit else None,
        starting_balance=account.account.evaluation_size,
    )


def _back(row: PlanRow) -> Target:
    moved = changed(row.old, row.new)
    wanted = {name: row.old.get(name) for name in moved}
    expected = {name: row.new[name] for name in moved}
    return Target(row.target_type, row.target_id, wanted, expected=expected, label=row.label)
