"""Making, changing and deleting position limits and risk parameters, as plans (DEMO).

The platform has no batch for them: a call each. An update replaces everything, so what is not asked for is sent as
the mirror has it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import Count

from risk.limit_things import (
    DEMO,
    POSITION_LIMITS,
    Thing,
    accounts_of,
    asks_by_id,
    asks_by_owner,
    made_ids,
    rows_by_id,
)
from risk.settings_values import changed, shown
from vendor_admin.mirrors.models import UserAccountRiskParameter
from vendor_admin.mirrors.readings import Ask
from vendor_admin.mirrors.standings import Standing
from vendor_admin.operations.kinds import Call, Json, PlanRequest, RowDraft, Target
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.previews import faults_in_words
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.errors import InvalidRequest

AS_ASKED = "It is set like this already."
NOTHING_ASKED = "No setting is named that should change."
CLOSED = "The account is archived or closed."
OPEN_POSITIONS = "Positions are open: the platform checks new orders against it, and may liquidate what is over it."
NO_PARAMETERS_BACK = "Its {} risk parameters go with it, and reverting does not bring them back."
NEW_ID = "Reverting makes it anew, with another id."
UNKNOWN_SETTINGS = "The platform keeps settings that are not known here ({}); they may be gone after this change."


class CreateSettings:
    """Targets have no id yet; `wanted` holds whose it is (accountId, or userAccountPositionLimitId) and the settings.

    The plan's parameters are settings for all targets; those of a target win.
    """

    right = Right.MANAGE_RISK
    is_money = False
    is_sensitive = True

    def __init__(self, thing: Thing) -> None:
        self.name = f"create_{thing.plural}"
        self.title = f"Add {thing.word}s"
        self._thing = thing

    def asks(self, request: PlanRequest) -> Sequence[Ask]:
        owners = (_whole({**request.parameters, **one.wanted}.get(self._thing.owner)) for one in request.targets)
        return asks_by_owner(self._thing, owners, organization_id=request.organization_id)

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        thing = self._thing
        asked = [{**request.parameters, **target.wanted} for target in request.targets]
        owner_ids = [_whole(one.get(thing.owner)) for one in asked]
        accounts = accounts_of(thing, owner_ids, organization_id=request.organization_id)
        return [
            self._draft(target, wanted, accounts.get(owner_id or 0), now=request.now)
            for target, wanted, owner_id in zip(request.targets, asked, owner_ids, strict=True)
        ]

    def calls(self, rows: Sequence[PlanRow], *, parameters: Mapping[str, Json], reason: str) -> Iterable[Call]:
        write = self._thing.create
        for row in rows:
            yield Call(write, DEMO, write.parse(_whole_body(self._thing, row.new)), [row])

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Delete what was made."""
        ids = made_ids(self._thing, rows, organization_id=rows[0].organization_id)
        targets = [
            Target(self._thing.entity_type, ids[row.pk], expected=row.new, label=row.label)
            for row in rows
            if row.pk in ids
        ]
        return (f"delete_{self._thing.plural}", targets) if targets else None

    def _draft(
        self, target: Target, asked: Mapping[str, Json], standing: Standing | None, *, now: datetime
    ) -> RowDraft:
        thing = self._thing
        draft = RowDraft(target, DEMO, thing.label(standing, asked))
        owner = {thing.owner: asked.get(thing.owner)}
        try:
            new = thing.settings.read({name: value for name, value in asked.items() if name != thing.owner})
            thing.create.read(thing.settings.body(new, **owner), now=now)
        except InvalidRequest as invalid:
            draft.why_skipped = faults_in_words(invalid)
            return draft
        except ValueError as faults:
            draft.why_skipped = str(faults)
            return draft
        draft.new = {**owner, **shown(new, {})}
        draft.why_skipped = _hindrance(standing, thing)
        draft.warnings = _warnings(standing)
        return draft


class UpdateSettings:
    """Targets are settings by id; `wanted` and the plan's parameters hold what changes. None or "" takes one away."""

    right = Right.MANAGE_RISK
    is_money = False
    is_sensitive = True

    def __init__(self, thing: Thing) -> None:
        self.name = f"update_{thing.plural}"
        self.title = f"Change {thing.word}s"
        self._thing = thing

    def asks(self, request: PlanRequest) -> Sequence[Ask]:
        ids = (target.entity_id for target in request.targets)
        return asks_by_id(self._thing, ids, organization_id=request.organization_id)

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        thing = self._thing
        rows = rows_by_id(thing, (one.entity_id for one in request.targets), organization_id=request.organization_id)
        owner_ids = (thing.owner_of(row) for row in rows.values())
        accounts = accounts_of(thing, owner_ids, organization_id=request.organization_id)
        drafts = []
        for target in request.targets:
            row = rows.get(target.entity_id or 0)
            draft = RowDraft(target, DEMO, target.label or f"{thing.word} {target.entity_id}")
            if row is None:
                draft.why_skipped = f"The platform has no such {thing.word}."
            else:
                standing = accounts.get(thing.owner_of(row) or 0)
                draft.label = thing.label(standing, thing.values(row))
                draft.warnings = _warnings(standing, extra=row.extra)
                self._fill(draft, thing.values(row), {**request.parameters, **target.wanted}, now=request.now)
                draft.why_skipped = draft.why_skipped or _hindrance(standing, thing)
            drafts.append(draft)
        return drafts

    def calls(self, rows: Sequence[PlanRow], *, parameters: Mapping[str, Json], reason: str) -> Iterable[Call]:
        write = self._thing.update
        for row in rows:
            yield Call(write, DEMO, write.parse(_whole_body(self._thing, row.new, id=row.target_id)), [row])

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Every setting that was changed, as it was."""
        targets = []
        for row in rows:
            moved = changed(row.old, row.new)
            wanted, expected = {name: row.old[name] for name in moved}, {name: row.new[name] for name in moved}
            targets.append(Target(row.target_type, row.target_id, wanted, expected=expected, label=row.label))
        return self.name, targets

    def _fill(self, draft: RowDraft, old: Mapping[str, Json], asked: Mapping[str, Json], *, now: datetime) -> None:
        thing = self._thing
        try:
            wanted = thing.settings.read(asked)
            new = {**old, **wanted}
            thing.update.read(_whole_body(thing, new, id=draft.target.entity_id), now=now)
        except InvalidRequest as invalid:
            draft.why_skipped = faults_in_words(invalid)
            return
        except ValueError as faults:
            draft.why_skipped = str(faults)
            return
        draft.old, draft.new = shown(old, new), shown(new, old)
        if not wanted:
            draft.why_skipped = NOTHING_ASKED
        elif not changed(old, new):
            draft.why_skipped = AS_ASKED


class DeleteSettings:
    """Targets are settings by id."""

    right = Right.MANAGE_RISK
    is_money = False
    is_sensitive = True

    def __init__(self, thing: Thing) -> None:
        self.name = f"delete_{thing.plural}"
        self.title = f"Delete {thing.word}s"
        self._thing = thing

    def asks(self, request: PlanRequest) -> Sequence[Ask]:
        ids = (target.entity_id for target in request.targets)
        return asks_by_id(self._thing, ids, organization_id=request.organization_id)

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        thing = self._thing
        rows = rows_by_id(thing, (one.entity_id for one in request.targets), organization_id=request.organization_id)
        owner_ids = (thing.owner_of(row) for row in rows.values())
        accounts = accounts_of(thing, owner_ids, organization_id=request.organization_id)
        hanging = _parameters_of(thing, rows, organization_id=request.organization_id)
        drafts = []
        for target in request.targets:
            row = rows.get(target.entity_id or 0)
            draft = RowDraft(target, DEMO, target.label or f"{thing.word} {target.entity_id}")
            if row is None:
                draft.why_skipped = f"The platform has no such {thing.word}."
            else:
                old = thing.values(row)
                draft.label = thing.label(accounts.get(thing.owner_of(row) or 0), old)
                draft.old, draft.new = shown(old, {}), {}
                count = hanging.get(row.entity_id, 0)
                draft.warnings = [NO_PARAMETERS_BACK.format(count)] if count else []
                draft.warnings.append(NEW_ID)
            drafts.append(draft)
        return drafts

    def calls(self, rows: Sequence[PlanRow], *, parameters: Mapping[str, Json], reason: str) -> Iterable[Call]:
        write = self._thing.delete
        for row in rows:
            yield Call(write, DEMO, write.parse({self._thing.deletes_by: row.target_id}), [row])

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Make them anew, with new ids."""
        return f"create_{self._thing.plural}", [
            Target(row.target_type, None, dict(row.old), label=row.label) for row in rows
        ]


def _whole_body(thing: Thing, values: Mapping[str, Json], **fixed: Json) -> dict[str, Json]:
    return thing.settings.body(values, **fixed, **{thing.owner: values[thing.owner]})


def _hindrance(standing: Standing | None, thing: Thing) -> str:
    if standing is None:
        is_limit = thing is POSITION_LIMITS
        return "The platform has no such account." if is_limit else "The platform has no such position limit."
    return CLOSED if standing.account.archived or standing.account.closed else ""


def _warnings(standing: Standing | None, *, extra: Mapping[str, Json] | None = None) -> list[str]:
    warnings = [OPEN_POSITIONS] if standing is not None and standing.has_open_positions else []
    return [*warnings, UNKNOWN_SETTINGS.format(", ".join(sorted(extra)))] if extra else warnings


def _parameters_of(thing: Thing, rows: Mapping[int, object], *, organization_id: int) -> dict[int | None, int]:
    """How many risk parameters hang on each of these position limits. One query at most."""
    if thing is not POSITION_LIMITS or not rows:
        return {}
    counted = (
        UserAccountRiskParameter.objects.filter(
            organization_id=organization_id,
            environment=DEMO,
            deleted_at__isnull=True,
            user_account_position_limit_id__in=list(rows),
        )
        .values_list("user_account_position_limit_id")
        .annotate(number=Count("id"))
    )
    return dict(counted)


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) else None
