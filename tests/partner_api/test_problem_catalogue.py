"""Every code that a program can be answered with is in the catalogue, and so in the docs and on their page."""

import ast
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from rest_framework.exceptions import APIException

from tests.support.database import ROOT
from vendor_admin.errors import (
    Conflict,
    Gone,
    InvalidFields,
    NotAllowed,
    NotFound,
    Refused,
    Unavailable,
    VendorAdminError,
)
from vendor_admin.partner_api.openapi.error_page import with_table
from vendor_admin.partner_api.problem_catalogue import BY_CODE, CODE_OF_STATUS, KINDS, code_of_status
from vendor_admin.partner_api.problems import status_of

DOCS = ROOT / "docs" / "api" / "errors.md"
PARTS = ("vendor_admin", "accounts", "risk", "oauth_bridge")
# Libraries with errors of their own, what runs without the API, and pages that no program reaches.
ELSEWHERE = (
    "vendor_admin/tradovate/",
    "vendor_admin/sandbox/",
    "vendor_admin/embedded/",
    "vendor_admin/organizations/staff/",
    "vendor_admin/organizations/sign_in/",
    "vendor_admin/notices/channels.py",
    "vendor_admin/partner_api/keys/verbs.py",
    "oauth_bridge/",
)
# Our names for what Django REST framework calls otherwise (exception_handler.py).
RENAMED = {"parse_error", "throttled", "error"}


def subclasses_of(kind: Any) -> Iterator[Any]:
    inner: Any
    for inner in kind.__subclasses__():
        yield inner
        yield from subclasses_of(inner)


ERRORS: set[Any] = {VendorAdminError, *subclasses_of(VendorAdminError)}
# Of each kind of error what it is answered with where its code says nothing.
STATUS_OF_KIND: dict[Any, int] = {
    InvalidFields: 422,
    Gone: 410,
    NotFound: 404,
    Conflict: 409,
    Unavailable: 503,
    Refused: 403,
}
# Refused credentials are told as such (401), whatever the kind.
WITHOUT_STATUS = {"CredentialRefused", "AuthenticationFailed"}
NAMES = {kind.__name__ for kind in ERRORS} | {"AuthenticationFailed", "InsufficientScope"}


def raised_codes() -> Iterator[tuple[str, str, str]]:
    """Codes that are written where an error of the tree is made, with the names of the errors and their places."""
    for part in PARTS:
        for path in sorted((ROOT / part).rglob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            if place.startswith(ELSEWHERE) or "/migrations/" in place:
                continue
            for code, name, line in codes_in(path):
                yield code, name, f"{place}:{line}"


def codes_in(path: Path) -> Iterator[tuple[str, str, int]]:
    tree = ast.parse(path.read_text())
    constants = {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in NAMES:
            continue
        for keyword in node.keywords:
            if keyword.arg != "code":
                continue
            if isinstance(keyword.value, ast.Constant):
                yield str(keyword.value.value), name, node.lineno
            elif isinstance(keyword.value, ast.Name) and keyword.value.id in constants:
                yield str(constants[keyword.value.id]), name, node.lineno


def test_every_code_that_is_raised_is_in_the_catalogue() -> None:
    found = list(raised_codes())
    assert len(found) > 20
    missing = {f"{code} ({place})" for code, _, place in found if code not in BY_CODE}
    assert not missing, "add these to vendor_admin/partner_api/problem_catalogue.py"
    kinds = {kind.__name__: kind for kind in ERRORS}
    wrong = {
        f"{code} ({place})"
        for code, name, place in found
        if name in kinds and name not in WITHOUT_STATUS
        for kind, status in STATUS_OF_KIND.items()
        if issubclass(kinds[name], kind) and BY_CODE[code].status != status
    }
    assert not wrong, "the catalogue has another status for these than their kind of error"


def test_every_kind_of_error_has_a_code_in_the_catalogue() -> None:
    inside = (*(f"{part}." for part in PARTS),)
    ours = {kind for kind in ERRORS if kind.__module__.startswith(inside)}
    elsewhere = tuple(place.rstrip("/").replace("/", ".") for place in ELSEWHERE)
    missing = {
        f"{kind.__module__}.{kind.__name__}: {kind.default_code}"
        for kind in ours
        if not kind.__module__.startswith(elsewhere) and kind.default_code not in BY_CODE
    }
    assert not missing, "add these to vendor_admin/partner_api/problem_catalogue.py"


def test_what_django_rest_framework_raises_is_in_the_catalogue() -> None:
    of_library = {kind for kind in subclasses_of(APIException) if kind.__module__ == "rest_framework.exceptions"}
    codes = {str(kind.default_code) for kind in of_library} - RENAMED
    assert codes <= set(BY_CODE)


def test_a_code_has_one_status_which_its_kind_of_error_agrees_with() -> None:
    assert len(BY_CODE) == len(KINDS)
    for kind in KINDS:
        assert 400 <= kind.status < 600
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.code)
        assert kind.title
        assert kind.advice.endswith(".")
        assert "|" not in kind.title + kind.advice, "it stands in a table"
    for error in (NotFound, Conflict, Unavailable, Refused):
        assert status_of(error("x", code="of_nobody")) == STATUS_OF_KIND[error]
    assert [status_of(NotAllowed("x")), status_of(VendorAdminError("x", code="of_nobody"))] == [403, 400]
    assert all(BY_CODE[code].status == status for status, code in CODE_OF_STATUS.items())
    assert [code_of_status(status) for status in (418, 500, 502)] == ["bad_request", "server_error", "server_error"]


def test_the_docs_have_the_table_of_the_catalogue() -> None:
    page = DOCS.read_text()
    assert with_table(page) == page, "run: manage.py write_api_errors"


@pytest.mark.django_db
def test_the_page_has_an_anchor_for_every_code_and_needs_no_sign_in() -> None:
    answer = Client().get("/api/docs/errors")
    assert answer.status_code == 200
    text = answer.content.decode()
    for kind in KINDS:
        assert f'<section id="{kind.code}">' in text
        assert kind.title in unescape(text)
    assert "<code>Retry-After</code>" in text
    assert not re.search(r'(?:src|href)="https?:', text), "nothing comes from elsewhere"
    assert Client().post("/api/docs/errors", "{}", content_type="application/json").status_code == 405
