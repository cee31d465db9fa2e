"""What a plan can be: each kind knows how to preview its change, which calls it takes, and what would revert it.

Kinds are declared by the apps that own the nouns (accounts, risk) in their modules `plan_kinds`, with `register`.
A kind only reads mirrors and makes data; storing, sending and settling are done for all of them here.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from vendor_admin.errors import Conflict
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.mirrors.readings import Ask
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.precedence import Aspect, Priority
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.catalogue.write import Write

Json = Any  # what a JSON column holds
Row = TypeVar("Row", bound=Mirror)


class KindGone(Conflict):
    """What declared a plan's kind is no longer part of the installation, or never was."""

    def __init__(self) -> None:
        super().__init__("What this plan does is no longer part of this installation.")


def plain(value: object) -> Json:
    """A value of a mirror as it stands in `old` and `new`: amounts as text without exponent, times in ISO format."""
    if isinstance(value, Decimal):
        return format(value.normalize() + 0, "f")
    return value.isoformat() if isinstance(value, datetime | date) else value


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be changed, and how. `entity_id` is None for what does not exist yet.

    `wanted` holds the values asked for, by field name; `secrets` those that must be stored encrypted. In a plan that
    reverts another, `expected` holds what the earlier plan left behind: where that moved, the row is skipped.
    """

    entity_type: str
    entity_id: int | None
    wanted: Mapping[str, Json] = field(default_factory=dict)
    secrets: Mapping[str, Json] = field(default_factory=dict, repr=False)
    expected: Mapping[str, Json] | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What a kind previews: targets of one organization, parameters of the whole plan, and the time.

    Of a large plan they come some at a time: the rows of `after_rows_of`, a plan's key, stand before them then.
    """

    organization_id: int
    targets: Sequence[Target]
    parameters: Mapping[str, Json]
    now: datetime
    after_rows_of: int | None = None


@dataclass(slots=True)
class RowDraft:
    """One row of a preview. `why_skipped` says why nothing will be done.

    `old` and `new` hold JSON values by field name: what the mirror says now, and what it should say afterwards.
    `amount` is the money that moves between accounts' balances, `cost` what the organization pays for the first period;
    None where it is not known.
    """

    target: Target
    environment: str
    label: str
    old: Mapping[str, Json] = field(default_factory=dict)
    new: Mapping[str, Json] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    why_skipped: str = ""
    amount: Decimal | None = Decimal(0)
    cost: Decimal | None = Decimal(0)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the platform, for one or several rows, whose order is that of the request's items.

    A call with `after_previous` waits for the one before it to succeed. The operation's short id is put into the
    comment, where the write has one, when the call is stored.
    """

    write: Write[Any]
    environment: str
    request: Request
    rows: Sequence[PlanRow]
    after_previous: bool = False


class PlanKind(Protocol):
    """One thing that can be done to one or many targets.

    `drafts` previews with a constant number of queries, however many targets; it must give one draft per target, in
    their order. `calls` makes the calls of the rows that will change. `revert` gives the kind's name and targets that
    restore what these rows changed; None where nothing can. Requests are validated by the preview itself.

    `right` is what making such a plan asks for. A plan whose rows cost something is about money whatever `is_money`
    says, and asks for the right to spend it besides (charges.py).
    """

    name: str
    title: str
    right: Right
    is_money: bool
    is_sensitive: bool

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]: ...

    def calls(self, rows: Sequence[PlanRow], *, parameters: Mapping[str, Json], reason: str) -> Iterable[Call]: ...

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None: ...


class OneWrite:
    """The base of kinds that carry out each row by one write of the catalogue, packed into as few calls as they need.

    A subclass names the `write`, previews, and makes the request of one row. What it does is not reverted unless it
    says how.
    """

    write: Write[Any]
    is_money = False
    is_sensitive = False

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        """Make the request of one row, unchecked: what is wrong with it shows when it is validated."""
        raise NotImplementedError

    def calls(self, rows: Sequence[PlanRow], *, parameters: Mapping[str, Json], reason: str) -> Iterable[Call]:
        """Make the calls of one host after the other, LIVE first."""
        for environment in sorted({row.environment for row in rows}, reverse=True):
            of_host = (row for row in rows if row.environment == environment)
            for request, together in self.write.pack(
                of_host, lambda row: self.request(row, parameters=parameters, reason=reason)
            ):
                yield Call(self.write, environment, request, together)

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        return None


class OneEntity(OneWrite, Generic[Row]):
    """The base of kinds whose targets are things of one sort, by id, each changed by one write.

    A subclass names the mirror, the host and the word for people, and prepares for a preview (`prepare`).
    """

    model: type[Mirror]
    environment: str
    noun: str

    def prepare(self, request: PlanRequest, rows: Sequence[Row]) -> Callable[[RowDraft, Row], None]:
        """Load what drafts of these rows need besides, and return what fills a draft: label, values, warnings."""
        raise NotImplementedError

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        known = load(
            self.model, organization_id=request.organization_id, ids=(one.entity_id for one in request.targets)
        )
        rows: list[Row | None] = [known.get(target.entity_id, self.environment) for target in request.targets]
        fill = self.prepare(request, [row for row in rows if row is not None])
        drafts = []
        for target, row in zip(request.targets, rows, strict=True):
            draft = RowDraft(target, self.environment, target.label or f"{self.noun} {target.entity_id}")
            if row is not None:
                fill(draft, row)
            if row is None or row.deleted_at is not None:
                missing = SkipReason.NOT_THERE.format(self.noun)
                draft = RowDraft(target, self.environment, draft.label, why_skipped=missing)
            drafts.append(draft)
        return drafts


@runtime_checkable
class InSteps(Protocol):
    """A kind with several calls for a row, of which a later one may fail when an earlier one was done.

    A row's `result` names every call that was done, by its path. `rest` is what a retry of such a row asks for;
    `revert` also gets rows that were done in part.
    """

    def rest(self, row: PlanRow) -> Target: ...


@runtime_checkable
class RevertsTogether(Protocol):
    """A kind whose `revert` makes one target of several rows: of those whose `old` is the same in these fields."""

    together: Sequence[str]


@runtime_checkable
class DependsOnRows(Protocol):
    """A kind about money or risk, whose previews must not come from rows that may be old.

    `asks` names the entities that `drafts` of the same request depends on. While the mirrors may be old, they are read
    of the platform before anything is sent (held_plans.py). A constant number of queries.
    """

    def asks(self, request: PlanRequest) -> Sequence[Ask]: ...


@runtime_checkable
class ChangesAspect(Protocol):
    """A kind that says what it changes of its targets: plans that change something else of them may run at the same
    time. A kind that does not say changes all of it.
    """

    changes: Aspect


@runtime_checkable
class Urgent(Protocol):
    """A kind whose operations go before all others: what stops somebody from trading, for instance.

    `urgent_paths` are the calls that it makes. A part of every hour's budget that they draw on is kept for them.
    """

    urgent_paths: Collection[str]


@runtime_checkable
class AsThingsStand(Protocol):
    """A kind that is right however things move after its preview: a position is to be closed at whatever size it has
    by then. Its plans are not previewed anew because rows have moved.
    """

    as_things_stand: bool


@runtime_checkable
class Prompt(Protocol):
    """A kind whose operations go before others as urgent ones do, and leave to those what is kept for them of the
    budgets. `prompt_paths` are the calls that it makes.
    """

    prompt_paths: Collection[str]


@runtime_checkable
class WithConsequence(Protocol):
    """A kind whose change brings something along, or cannot be taken back: `consequence` says so in sentences. It is
    said once of the whole plan; warnings of rows are about what is unusual with them.
    """

    consequence: str


@runtime_checkable
class LeadsOn(Protocol):
    """A kind that makes something, for which `next_action` names what is mostly done next."""

    next_action: str


@runtime_checkable
class FollowsUp(Protocol):
    """A kind of which something of ours is to be kept once a row was done: `follow_up` gets rows of one plan that calls
    of `followed_paths` carried out, in the transaction that stores their outcome. What it raises about one row is kept
    as its warning; the outcome stays.
    """

    followed_paths: Collection[str]

    def follow_up(self, rows: Sequence[PlanRow], *, now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about one thing, by its id: `asked` holds, as JSON, what a kind wants to know besides."""

    target_id: int
    asked: Json = None


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One thing that is asked about. `why` says why it is not."""

    question: Question
    label: str
    why: str = ""


class ReadKind(Protocol):
    """One thing that can be asked of the platform, without a change of anything (read_jobs/).

    `rows` gives one for each question, in their order, with a constant number of queries. `call` asks one of them; it
    may be made again. `answers_page` names the address, of a job's number, that shows what was answered.
    """

    name: str
    title: str
    right: Right
    answers_page: str

    def rows(self, questions: Sequence[Question], *, environment: str, organization_id: int) -> Sequence[ReadRow]: ...

    def call(self, question: Question) -> tuple[Write[Any], Request]: ...


_kinds: dict[str, PlanKind] = {}
_read_kinds: dict[str, ReadKind] = {}


def register(kind: PlanKind) -> None:
    """Make a kind known. Raises ValueError where two have the same name."""
    known = _kinds.setdefault(kind.name, kind)
    if type(known) is not type(kind):
        raise ValueError(f"two plan kinds are named {kind.name}")


def kind_of(name: str) -> PlanKind:
    """The kind of this name; raises KindGone."""
    found = _kinds.get(name)
    if found is None:
        raise KindGone
    return found


def aspect_of(name: str) -> Aspect:
    """What plans of this kind change of their targets."""
    kind: object = _kinds.get(name)
    return kind.changes if isinstance(kind, ChangesAspect) else Aspect.WHOLE


def consequence_of(name: str) -> str:
    """What a whole plan brings along, or that it cannot be taken back; empty where nothing is to be said."""
    kind: object = _kinds.get(name)
    return kind.consequence if isinstance(kind, WithConsequence) else ""


def priority_of(name: str) -> Priority:
    """Whether the operations of this kind go first."""
    kind: object = _kinds.get(name)
    return Priority.URGENT if isinstance(kind, Urgent | Prompt) else Priority.NORMAL


def urgent_paths() -> set[str]:
    """The calls that urgent operations make."""
    return {path for kind in _kinds.values() if isinstance(kind, Urgent) for path in kind.urgent_paths}


def waits_for_no_one(name: str) -> bool:
    """Whether the number of rows asks for no second person: what reduces risk must not wait, and orders are meant for
    the market of the moment.
    """
    kind: object = _kinds.get(name)
    return isinstance(kind, Prompt) or (isinstance(kind, AsThingsStand) and kind.as_things_stand)


def share_of(path: str, priority: Priority) -> Priority:
    """As operations of which priority the calls of an operation are drawn from the budgets."""
    is_prompt = any(path in kind.prompt_paths for kind in _kinds.values() if isinstance(kind, Prompt))
    return Priority.NORMAL if is_prompt else priority


def followed_paths() -> set[str]:
    """The calls whose rows some kind follows up."""
    return {path for kind in _kinds.values() if isinstance(kind, FollowsUp) for path in kind.followed_paths}


def register_reading(kind: ReadKind) -> None:
    """Make a kind of reading known. Raises ValueError where two have the same name."""
    known = _read_kinds.setdefault(kind.name, kind)
    if type(known) is not type(kind):
        raise ValueError(f"two kinds of reading are named {kind.name}")


def read_kind_of(name: str) -> ReadKind:
    """The kind of reading of this name; raises KeyError where an app that declared it is gone."""
    return _read_kinds[name]


def all_kinds() -> list[PlanKind]:
    """Every kind, by name."""
    return [_kinds[name] for name in sorted(_kinds)]
