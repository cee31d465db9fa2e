"""The errors of the service: one tree, and what the admin makes of it."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator

from django.forms import CharField, Form
from rest_framework.exceptions import APIException

import accounts
import oauth_bridge
import risk
import vendor_admin
from vendor_admin import errors
from vendor_admin.errors import Conflict, Fault, InvalidFields, VendorAdminError
from vendor_admin.listing.admin_base import add_errors

OUTSIDE = re.compile(
    # Libraries with trees of their own, and what runs before the service is there.
    r"vendor_admin\.(tradovate|sandbox|embedded|demo|install|supervisor|wsgi)\b|.*\.migrations(\.|$)"
)
# What one module of a package tells another, and nobody outside the package catches.
INSIDE_A_PACKAGE = {
    "oauth_bridge.portals.authorize.AnswerPortal",
    "vendor_admin.operations.engine.look_ups.OutcomeNotRead",
    "vendor_admin.operations.plan_work.claims.ClaimLost",
    "vendor_admin.operations.plan_work.platform_reader.NotRead",
    "vendor_admin.operations.store.verdicts.Unusable",
    "vendor_admin.organizations.platform_access.reachability.Failed",
    "vendor_admin.sync.log.batch_writer.StuckError",
    "vendor_admin.sync.log.batch_writer.UnwritableError",
    "vendor_admin.sync.log.flush.StaleFenceError",
}


class _Form(Form):
    name = CharField(required=False)


def test_the_docstring_draws_the_tree() -> None:
    lines = re.findall(r"^(?:([ │]*)[├└]── |    )(\w+)  +\S", errors.__doc__ or "", flags=re.MULTILINE)
    drawn = {name: (len(indent) // 4 if indent or name != "VendorAdminError" else 0) for indent, name in lines}
    classes = {
        name: _depth(found)
        for name, found in vars(errors).items()
        if inspect.isclass(found) and issubclass(found, Exception)
    }
    assert drawn == classes


def test_every_error_of_the_service_is_in_the_tree() -> None:
    outside = {
        f"{found.__module__}.{found.__name__}"
        for found in _exceptions()
        if not issubclass(found, VendorAdminError | ValueError | APIException)
    }
    assert outside == INSIDE_A_PACKAGE


def test_an_error_has_a_code_for_programs_and_a_text_for_people() -> None:
    plain, named = Conflict("It is over."), Conflict("It is over.", code="over")
    assert (plain.code, named.code, named.text, str(named)) == ("conflict", "over", "It is over.", "It is over.")
    assert all(found.default_code for found in _exceptions() if issubclass(found, VendorAdminError))


def test_invalid_fields_tell_everything_that_is_wrong_by_field() -> None:
    invalid = InvalidFields([Fault("a", "required", "Give a."), Fault("a", "long", "Shorter."), Fault("b", "x", "No.")])
    assert invalid.texts == {"a": "Give a. Shorter.", "b": "No."}
    assert str(invalid) == "Give a.\nShorter.\nNo."


def test_a_form_shows_faults_at_their_fields_and_everything_else_above_them() -> None:
    form = _Form({})
    add_errors(form, InvalidFields([Fault("name", "taken", "Choose another."), Fault("other", "wrong", "Not so.")]))
    add_errors(form, Conflict("It is over.", code="over"))
    assert form.errors.get_json_data() == {
        "name": [{"message": "Choose another.", "code": "taken"}],
        "__all__": [{"message": "Not so.", "code": "wrong"}, {"message": "It is over.", "code": "over"}],
    }


def _depth(found: type[Exception]) -> int:
    return found.__mro__.index(VendorAdminError)


def _exceptions() -> Iterator[type[Exception]]:
    for package in (vendor_admin, accounts, risk, oauth_bridge):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if OUTSIDE.match(module.name) or module.name.endswith(("__main__", "conftest")):
                continue
            for found in vars(importlib.import_module(module.name)).values():
                is_ours = inspect.isclass(found) and issubclass(found, Exception) and found.__module__ == module.name
                if is_ours and not found.__name__.startswith("_"):
                    yield found
