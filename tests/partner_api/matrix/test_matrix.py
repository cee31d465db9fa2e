"""Every address and method of the partner API has its row, and nobody without a program's key is let in."""

from typing import Any

from tests.partner_api.matrix.addresses import operations
from tests.partner_api.matrix.callers import Callers
from tests.partner_api.matrix.filters import FOREIGN, OF_NOBODY
from tests.partner_api.matrix.planted import Planted
from tests.partner_api.matrix.probe import send
from tests.partner_api.matrix.table import TABLE


def test_every_method_of_every_address_has_its_row() -> None:
    found = {operation.name for operation in operations()}
    assert not found - TABLE.keys(), "these are new: say in table.py who may do what with them"
    assert not TABLE.keys() - found, "these are gone"


def test_the_matrix_knows_every_parameter_of_every_list() -> None:
    names = {name for one in operations() for name in _filters(one.view)}
    assert not names - FOREIGN.keys() - OF_NOBODY.keys(), "say in filters.py what they take"


def test_nobody_without_a_programs_key_is_let_in(ours: Planted, unlimited: None) -> None:
    callers, faults = Callers(ours), []
    for name, row in TABLE.items():
        for who, (program, status) in callers.outside.items():
            answer = send(program, name, row, ids=ours.ids)
            if answer.status_code != status:
                faults.append(f"{name} for {who}: {answer.status_code} instead of {status}")
    assert not faults, "\n".join(faults)


def _filters(view: Any) -> list[str]:
    return list(view.filterset_class.base_filters) if hasattr(view, "filterset_class") else []
