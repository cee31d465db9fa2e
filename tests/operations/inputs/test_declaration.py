"""Every plan kind declares what it takes, whole and in words."""

import msgspec
import pytest

from vendor_admin.operations.inputs.declaration import input_of, subject_of
from vendor_admin.operations.inputs.described import fields_of
from vendor_admin.operations.inputs.references import FINDERS
from vendor_admin.operations.kinds import all_kinds

KINDS = sorted(kind.name for kind in all_kinds())


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_plan_says_what_it_takes(name: str) -> None:
    takes = input_of(name)
    fields = [*fields_of(takes.row).values(), *fields_of(takes.parameters).values()]
    assert takes.row.__doc__
    assert not [field.name for field in fields if not field.text.endswith((".", "-"))]
    assert {field.refers_to for field in fields} <= {"", *FINDERS}
    assert [field.name for field in fields if field.is_subject] == [name for name in [subject_of(takes.row)] if name]


@pytest.mark.parametrize("name", KINDS)
def test_the_schema_of_every_kind_describes_each_field(name: str) -> None:
    takes = input_of(name)
    schema = msgspec.json.schema(takes.row)
    properties = schema["$defs"][takes.row.__name__]["properties"]
    assert properties.keys() == fields_of(takes.row).keys()
