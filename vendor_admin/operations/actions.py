"""What staff can start from a page: for each action the plan kind it makes, its form, and where it is offered.

Apps declare actions in their modules `plan_actions`, with `offer`, beside the kinds of `plan_kinds`. The pages (select,
preview, confirm, progress) are the same for all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django import forms

from vendor_admin.operations.csv_files import CsvFormat
from vendor_admin.operations.kinds import Json, PlanKind, Question, ReadKind, Target, kind_of, read_kind_of


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen on a list or a page: platform ids of one entity type. Empty for actions that take none."""

    organization_id: int
    now: datetime
    entity_type: str = ""
    ids: Sequence[int] = ()

    @property
    def single_id(self) -> int | None:
        """The id, where exactly one is chosen: forms then show what the mirror says now."""
        return self.ids[0] if len(self.ids) == 1 else None


class ActionForm(forms.Form):
    """The parameters of an action. Subclasses add fields, and choices from `self.selection.organization_id`.

    As it stands it asks nothing: each chosen id becomes a target without `wanted`. Forms for what is typed for one
    thing alone set `takes_many` to False; lists then do not offer the action, and it refuses more than one.
    """

    takes_many: ClassVar[bool] = True

    def __init__(self, *args: object, selection: Selection, **kwargs: object) -> None:
        self.selection = selection
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def targets(self) -> Sequence[Target]:
        """What is to be changed, and how. Called once the form is valid."""
        return [Target(self.selection.entity_type, id_) for id_ in self.selection.ids]

    def questions(self) -> Sequence[Question]:
        """What the platform is asked, of actions that only ask. Called once the form is valid."""
        return [Question(id_) for id_ in self.selection.ids]

    def parameters(self) -> Mapping[str, Json]:
        """Parameters of the whole plan. Called once the form is valid."""
        return {}


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do. `on` are the entity types whose lists and pages offer it.

    `explains` says what it does at the platform. Without `takes_selection` it is offered as a button above the lists
    and makes something new; with a `csv` format it also reads a file, with `only_file` nothing else. With
    `only_asks` the kind is one of reading: it asks the platform for something and changes nothing.
    """

    name: str
    kind_name: str
    on: Sequence[str]
    form: type[ActionForm] = ActionForm
    title: str = ""
    explains: str = ""
    takes_selection: bool = True
    csv: CsvFormat | None = None
    only_file: bool = False
    only_asks: bool = False

    @property
    def kind(self) -> PlanKind | ReadKind:
        return read_kind_of(self.kind_name) if self.only_asks else kind_of(self.kind_name)

    @property
    def is_money(self) -> bool:
        """Whether it needs a reason."""
        return not self.only_asks and kind_of(self.kind_name).is_money

    @property
    def label(self) -> str:
        return self.title or self.kind.title


ACTIONS: dict[str, Action] = {}


def offer(action: Action) -> None:
    """Make an action known. Raises ValueError where two have the same name."""
    known = ACTIONS.setdefault(action.name, action)
    if known != action:
        raise ValueError(f"two actions are named {action.name}")


def action_named(name: str) -> Action | None:
    """The action of this name, as it stands in addresses."""
    return ACTIONS.get(name)


def all_actions() -> list[Action]:
    """Every action, in the order they were declared."""
    return list(ACTIONS.values())


def actions_on(entity_type: str) -> list[Action]:
    """What is offered on the lists and pages of an entity type."""
    return [action for action in ACTIONS.values() if entity_type in action.on]
