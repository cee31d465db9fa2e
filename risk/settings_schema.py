"""Settings of the platform as rows of a preview hold them: by the platform's names, as JSON, None where not set. Pure.

A request that changes settings replaces all of them, so a row holds them whole: what is asked for, and what is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import msgspec
from msgspec.structs import FieldInfo

from vendor_admin.errors import Fault, InvalidFields
from vendor_admin.operations.kinds import Json, plain
from vendor_admin.tradovate.catalogue.request import Request, field_faults


@dataclass(frozen=True)
class Settings:
    """The settings that a request replaces; `fixed` are the ids in it that say whose they are.

    `zero_is_none` names those for which zero and absent are the same.
    """

    request: type[Request]
    fixed: tuple[str, ...] = ()
    zero_is_none: frozenset[str] = frozenset()

    @cached_property
    def fields(self) -> dict[str, FieldInfo]:
        """By the platform's names, in the order of its documents."""
        found = {field.encode_name: field for field in msgspec.structs.fields(self.request)}
        return {name: field for name, field in found.items() if name not in self.fixed}

    def of(self, row: Any) -> dict[str, Json]:
        """What a mirror's row (any object with the fields) says."""
        return {name: self._plain(name, getattr(row, field.name, None)) for name, field in self.fields.items()}

    def read(self, wanted: Mapping[str, Json]) -> dict[str, Json]:
        """Values that were asked for, as `of` has them; None and "" take a setting away.

        Raises InvalidFields with everything that is wrong.
        """
        given = {name: value for name, value in wanted.items() if value not in (None, "")}
        faults = [
            Fault(name, "unknown_field", f"{name} is not a setting that can be changed")
            for name in wanted
            if name not in self.fields
        ]
        known = {name: value for name, value in given.items() if name in self.fields}
        faults += [
            Fault(fault.field, fault.code, str(fault))
            for fault in field_faults(self.request, known)
            if fault.field in known
        ]
        if faults:
            raise InvalidFields(faults)
        values = {name: self._plain(name, msgspec.convert(known[name], self.fields[name].type)) for name in known}
        return {name: values.get(name) for name in wanted}

    def body(self, values: Mapping[str, Json], **fixed: Json) -> dict[str, Json]:
        """The body of a request with these values, for whom `fixed` says."""
        return {**fixed, **{name: value for name, value in values.items() if value is not None and name in self.fields}}

    def _plain(self, name: str, value: object) -> Json:
        if isinstance(value, datetime):
            value = value.astimezone(UTC)
        found = plain(value)
        return None if found == "0" and name in self.zero_is_none else found


def in_one_sentence(invalid: InvalidFields) -> str:
    """Everything that is wrong with settings that were asked for."""
    return "; ".join(fault.text for fault in invalid.faults) + "."


def changed(old: Mapping[str, Json], new: Mapping[str, Json]) -> list[str]:
    """The names whose values differ."""
    return [name for name in new if old.get(name) != new[name]]


def shown(values: Mapping[str, Json], others: Mapping[str, Json]) -> dict[str, Json]:
    """Values without the names that are set neither here nor in the others."""
    return {name: value for name, value in values.items() if value is not None or others.get(name) is not None}
