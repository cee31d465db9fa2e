"""What a plan kind takes, declared once: a typed row, from which come the API's schema, a file's columns and the checks
of both.

A kind names its rows by the attribute `takes`. Whoever asks for a plan gives rows; each becomes targets (kinds.py) with
what is wanted under the platform's names. What is the same for the whole plan is given once, as parameters.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Protocol, cast, runtime_checkable

import msgspec
from msgspec import UNSET

from vendor_admin.errors import Fault
from vendor_admin.operations.inputs.described import fields_of
from vendor_admin.operations.kinds import Json, PlanKind, Target, all_kinds, kind_of, plain


class Found(Protocol):
    """The platform ids of what rows refer to."""

    def id_of(self, noun: str, word: object) -> int: ...


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Named values that somebody asks for. UNSET is what was not named; None takes a value away, where it may.

    Each field says by `described` what it holds, and what the platform calls it. A field may hold another input, or a
    list of them, which refer to nothing (references.py): only programs can fill it in, files cannot.
    """

    def faults(self) -> Sequence[Fault]:
        """What the single fields do not say: rules over several of them. Fault.field is a field's name."""
        return ()

    def named(self, found: Found) -> tuple[dict[str, Json], dict[str, Json]]:
        """What was asked for under the platform's names: what may be seen, and what is secret."""
        wanted: dict[str, Json] = {}
        secrets: dict[str, Json] = {}
        for name, described in fields_of(type(self)).items():
            value = getattr(self, name)
            if value is UNSET or described.is_subject or not described.platform_name:
                continue
            into = secrets if described.is_secret else wanted
            into[described.platform_name] = _json(value, described.refers_to, found)
        return wanted, secrets


class RowInput(Input, frozen=True, kw_only=True):
    """One row of a plan. `entity_type` is what its target is; the field that is its subject says which one.

    Without a subject it makes something new.
    """

    entity_type: ClassVar[str]

    def targets(self, found: Found) -> Sequence[Target]:
        """What is to be changed, and how. Most rows are one target."""
        wanted, secrets = self.named(found)
        return [Target(self.entity_type, self.subject_id(found), wanted, secrets)]

    def subject_id(self, found: Found) -> int | None:
        """The platform id of what is to be changed."""
        name = subject_of(type(self))
        if not name:
            return None
        return found.id_of(fields_of(type(self))[name].refers_to, getattr(self, name))


class NoParameters(Input, frozen=True, kw_only=True):
    """Nothing is the same for the whole plan."""


RowsCheck = Callable[[Sequence[Any], int], Iterable[tuple[int, Fault]]]


@dataclass(frozen=True, slots=True)
class PlanInput:
    """The rows that a plan kind takes, and what is the same for all of a plan.

    `check` gets typed rows and the organization's id, and gives what is wrong with them by what the organization's
    mirrors say: the row's position, and a fault whose field is a path within the row. Constant queries.
    """

    row: type[RowInput]
    parameters: type[Input] = NoParameters
    check: RowsCheck | None = None


def subject_of(row: type[Input]) -> str:
    """The field that names what a row changes; empty where it makes something new."""
    return next((name for name, described in fields_of(row).items() if described.is_subject), "")


def example_of(kind: type[Input], *, without: Sequence[str] = ()) -> dict[str, Json]:
    """A whole example of what is required, and of what has an example."""
    fields = fields_of(kind).items()
    return {name: described.examples[0] for name, described in fields if name not in without and described.examples}


def _json(value: object, refers_to: str, found: Found) -> Json:
    if isinstance(value, Input):
        return value.named(found)[0]
    if isinstance(value, tuple):
        return [_json(one, refers_to, found) for one in value]
    if refers_to and value is not None:
        return found.id_of(refers_to, value)
    return plain(value) if isinstance(value, Decimal | date) else value


@runtime_checkable
class TakesInput(Protocol):
    """What every plan kind declares besides what it does (kinds.py)."""

    takes: PlanInput


def kinds_with_input() -> list[PlanKind]:
    """Every kind that says what it takes, by name: all of the product's do."""
    return [kind for kind in all_kinds() if isinstance(kind, TakesInput)]


def input_of(kind_name: str) -> PlanInput:
    """The input that plans of this kind take. Raises KindGone for an unknown kind."""
    kind = cast(TakesInput, kind_of(kind_name))
    return kind.takes
