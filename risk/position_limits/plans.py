"""Making, changing and deleting position limits and risk parameters, as plans (DEMO).

The platform has no batch for them: a call each. An update replaces everything, so what is not asked for is sent as
the mirror has it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count

from risk.position_limits.inputs import (
    NewPositionLimit,
    NewRiskParameter,
    PositionLimitChange,
    PositionLimitToDelete,
    RiskParameterChange,
    RiskParameterToDelete,
)
from risk.position_limits.resources import (
    DEMO,
    POSITION_LIMITS,
    SettingsResource,
    accounts_of,
    asks_by_id,
    asks_by_owner,
    made_ids,
    rows_by_id,
)
from risk.settings_schema import changed, in_one_sentence, shown
from vendor_admin.errors import InvalidFields
from vendor_admin.mirrors.models import UserAccountRiskParameter
from vendor_admin.mirrors.queries.account_summary import AccountSummary
from vendor_admin.mirrors.readings import Ask
from vendor_admin.operations.inputs.declaration import PlanInput, RowInput
from vendor_admin.operations.kinds import Json, OneWrite, PlanRequest, RowDraft, Target
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.plans.preview import faults_in_words
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.catalogue.write import Write
from vendor_admin.tradovate.errors import InvalidRequest

OPEN_POSITIONS = "Positions are open: the platform checks new orders against it, and may liquidate what is over it."
NO_PARAMETERS_BACK = "Its {} risk parameters go with it, and reverting does not bring them back."
_HARMLESS_WHEN_RAISED = {"exposedLimit", "longLimit", "shortLimit", "description"}
NEW_ID = "Reverting makes them anew, with other ids."
UNKNOWN_SETTINGS = "The platform keeps settings that are not known here ({}); they may be gone after this change."
_ROWS: Mapping[tuple[str, str], type[RowInput]] = {
    ("create", "position_limits"): NewPositionLimit,
    ("update", "position_limits"): PositionLimitChange,
    ("delete", "position_limits"): PositionLimitToDelete,
    ("create", "risk_parameters"): NewRiskParameter,
    ("update", "risk_parameters"): RiskParameterChange,
    ("delete", "risk_parameters"): RiskParameterToDelete,
}
Fill = Callable[[RowDraft, Any, AccountSummary | None], None]  # Any: a row of one of the resources


class SettingsKind(OneWrite):
    """What the three kinds share: they are about one resource, and change risk."""

    right = Right.MANAGE_RISK
    is_sensitive = True

    def __init__(self, resource: SettingsResource, *, verb: str, title: str, write: Write[Any]) -> None:
        self.takes = PlanInput(_ROWS[verb, resource.plural])
        self.name = f"{verb}_{resource.plural}"
        self.title = f"{title} {resource.word}s"
        self.write = write
        self._resource = resource


class KnownSettings(SettingsKind):
    """What changing and deleting share: targets are settings by id."""

    def asks(self, request: PlanRequest) -> Sequence[Ask]:
        ids = (target.entity_id for target in request.targets)
        return asks_by_id(self._resource, ids, organization_id=request.organization_id)

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        resource, organization_id = self._resource, request.organization_id
        rows = rows_by_id(resource, (target.entity_id for target in request.targets), organization_id=organization_id)
        owner_ids = (resource.owner_of(row) for row in rows.values())
        accounts = accounts_of(resource, owner_ids, organization_id=organization_id, now=request.now)
        fill = self.prepare(request, rows)
        drafts = []
        for target in request.targets:
            row = rows.get(target.entity_id or 0)
            draft = RowDraft(target, DEMO, target.label or f"{resource.word} {target.entity_id}")
            if row is None:
                draft.why_skipped = SkipReason.NOT_THERE.format(resource.word)
            else:
                account = accounts.get(resource.owner_of(row) or 0)
                draft.label = resource.label(account, resource.values(row))
                fill(draft, row, account)
            drafts.append(draft)
        return drafts

    def prepare(self, request: PlanRequest, rows: Mapping[int, Any]) -> Fill:
        """Load what drafts of these rows need besides, and return what fills in a draft's values and warnings."""
        raise NotImplementedError


class CreateSettings(SettingsKind):
    """Targets have no id yet; `wanted` holds whose it is (accountId, or userAccountPositionLimitId) and the settings.

    The plan's parameters are settings for all targets; those of a target win.
    """

    def __init__(self, resource: SettingsResource) -> None:
        super().__init__(resource, verb="create", title="Add", write=resource.create)

    def asks(self, request: PlanRequest) -> Sequence[Ask]:
        owners = (_whole({**request.parameters, **one.wanted}.get(self._resource.owner)) for one in request.targets)
        return asks_by_owner(self._resource, owners, organization_id=request.organization_id)

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        resource = self._resource
        asked = [{**request.parameters, **target.wanted} for target in request.targets]
        owner_ids = [_whole(one.get(resource.owner)) for one in asked]
        accounts = accounts_of(resource, owner_ids, organization_id=request.organization_id, now=request.now)
        return [
            self._draft(target, wanted, accounts.get(owner_id or 0), now=request.now)
            for target, wanted, owner_id in zip(request.targets, asked, owner_ids, strict=True)
        ]

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        request: Request = self.write.parse(_whole_body(self._resource, row.new))
        return request

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Delete what was made."""
        ids = made_ids(self._resource, rows, organization_id=rows[0].organization_id)
        targets = [
            Target(self._resource.entity_type, ids[row.pk], expected=row.new, label=row.label)
            for row in rows
            if row.pk in ids
        ]
        return (f"delete_{self._resource.plural}", targets) if targets else None

    def _draft(
        self, target: Target, asked: Mapping[str, Json], account: AccountSummary | None, *, now: datetime
    ) -> RowDraft:
        resource = self._resource
        draft = RowDraft(target, DEMO, resource.label(account, asked))
        owner = {resource.owner: asked.get(resource.owner)}
        try:
            new = resource.settings.read({name: value for name, value in asked.items() if name != resource.owner})
            resource.create.read(resource.settings.body(new, **owner), now=now)
        except InvalidRequest as invalid:
            draft.why_skipped = faults_in_words(invalid)
            return draft
        except InvalidFields as invalid:
            draft.why_skipped = in_one_sentence(invalid)
            return draft
        draft.new = {**owner, **shown(new, {})}
        draft.why_skipped = _hindrance(account, resource)
        draft.warnings = _warnings(account)
        return draft


class UpdateSettings(KnownSettings):
    """Targets are settings by id; `wanted` and the plan's parameters hold what changes. None or "" takes one away."""

    def __init__(self, resource: SettingsResource) -> None:
        super().__init__(resource, verb="update", title="Change", write=resource.update)

    def prepare(self, request: PlanRequest, rows: Mapping[int, Any]) -> Fill:
        def fill(draft: RowDraft, row: Any, account: AccountSummary | None) -> None:
            asked = {**request.parameters, **draft.target.wanted}
            self._fill(draft, self._resource.values(row), asked, now=request.now)
            draft.warnings = _warnings(account if _is_tighter(draft) else None, extra=row.extra)
            draft.why_skipped = draft.why_skipped or _hindrance(account, self._resource)

        return fill

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        request: Request = self.write.parse(_whole_body(self._resource, row.new, id=row.target_id))
        return request

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Every setting that was changed, as it was."""
        targets = []
        for row in rows:
            moved = changed(row.old, row.new)
            wanted, expected = {name: row.old[name] for name in moved}, {name: row.new[name] for name in moved}
            targets.append(Target(row.target_type, row.target_id, wanted, expected=expected, label=row.label))
        return self.name, targets

    def _fill(self, draft: RowDraft, old: Mapping[str, Json], asked: Mapping[str, Json], *, now: datetime) -> None:
        resource = self._resource
        try:
            wanted = resource.settings.read(asked)
            new = {**old, **wanted}
            resource.update.read(_whole_body(resource, new, id=draft.target.entity_id), now=now)
        except InvalidRequest as invalid:
            draft.why_skipped = faults_in_words(invalid)
            return
        except InvalidFields as invalid:
            draft.why_skipped = in_one_sentence(invalid)
            return
        draft.old, draft.new = shown(old, new), shown(new, old)
        if not wanted:
            draft.why_skipped = SkipReason.NO_SETTING_NAMED
        elif not changed(old, new):
            draft.why_skipped = SkipReason.SAME_SETTINGS


class DeleteSettings(KnownSettings):
    """Targets are settings by id."""

    consequence = NEW_ID

    def __init__(self, resource: SettingsResource) -> None:
        super().__init__(resource, verb="delete", title="Delete", write=resource.delete)

    def prepare(self, request: PlanRequest, rows: Mapping[int, Any]) -> Fill:
        hanging = _parameters_of(self._resource, rows, organization_id=request.organization_id)

        def fill(draft: RowDraft, row: Any, _account: AccountSummary | None) -> None:
            draft.old, draft.new = shown(self._resource.values(row), {}), {}
            count = hanging.get(row.entity_id, 0)
            draft.warnings = [NO_PARAMETERS_BACK.format(count)] if count else []

        return fill

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        request: Request = self.write.parse({self._resource.deletes_by: row.target_id})
        return request

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Make them anew, with new ids."""
        return f"create_{self._resource.plural}", [
            Target(row.target_type, None, dict(row.old), label=row.label) for row in rows
        ]


def _whole_body(resource: SettingsResource, values: Mapping[str, Json], **fixed: Json) -> dict[str, Json]:
    return resource.settings.body(values, **fixed, **{resource.owner: values[resource.owner]})


def _hindrance(account: AccountSummary | None, resource: SettingsResource) -> str:
    if account is None:
        is_limit = resource is POSITION_LIMITS
        return SkipReason.NOT_THERE.format("account" if is_limit else "position limit")
    return SkipReason.ACCOUNT_OVER if account.is_over else ""


def _is_tighter(draft: RowDraft) -> bool:
    """Whether a changed limit may act on what is open: one that is only raised, taken away or described never does."""
    moved = set(changed(draft.old, draft.new)) | set(changed(draft.new, draft.old))
    if draft.new.get("active") is False:
        return False
    lowered = {name for name in moved if _is_lower(draft.old.get(name), draft.new.get(name))}
    return bool(lowered or moved - _HARMLESS_WHEN_RAISED)


def _is_lower(old: Json, new: Json) -> bool:
    return isinstance(new, int) and (not isinstance(old, int) or new < old)


def _warnings(account: AccountSummary | None, *, extra: Mapping[str, Json] | None = None) -> list[str]:
    warnings = [OPEN_POSITIONS] if account is not None and account.has_open_positions else []
    return [*warnings, UNKNOWN_SETTINGS.format(", ".join(sorted(extra)))] if extra else warnings


def _parameters_of(
    resource: SettingsResource, rows: Mapping[int, object], *, organization_id: int
) -> dict[int | None, int]:
    """How many risk parameters hang on each of these position limits. One query at most."""
    if resource is not POSITION_LIMITS or not rows:
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
