"""CSV files of new members: read dry, every faulty line listed, and only then a preview."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.support.people import staff_user
from tests.support.plan_desk import rows_of
from tests.support.signed_in import signed_in
from vendor_admin.operations.models import Plan
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.pages

FILE = "/admin/do/create-members/file/"
HEADER = "name,email,password,first_name,last_name"
SECRET = "seven quiet herons"
GOOD = f"ANN_1001,ann@traders.example,{SECRET},Ann,Abel"
FAULTY = (
    f"AN,an@traders.example,{SECRET},An,Short",
    "BOB_1002,bob@traders.example,short,Bob,Brandt",
    f"CAT_1003,cat@traders.example,{SECRET},{'C' * 40},{'D' * 40}",
    f"ann_1001,other@traders.example,{SECRET},Ann,Twice",
    "too,few",
)


def _upload(client: Client, text: str | bytes, **data: str) -> Any:
    content = text if isinstance(text, bytes) else text.encode()
    return client.post(FILE, {"file": SimpleUploadedFile("members.csv", content), "reason": "", **data}, follow=True)


def _plans(alpha) -> list[Plan]:
    with organization_scope(alpha.pk):
        return list(Plan.objects.order_by("id"))


@pytest.fixture
def sam(alpha) -> Client:
    return signed_in(staff_user("sam", alpha, "support"))


def test_the_list_of_members_leads_to_the_form_and_that_to_the_file(sam: Client):
    start = reverse("plan_start", args=["create-members"])
    assert start in sam.get(reverse("admin:mirrors_platformuser_changelist")).content.decode()
    assert FILE in sam.get(start).content.decode()

    page = sam.get(FILE).content.decode()
    template = sam.get(reverse("plan_file_template", args=["create-members"]))

    assert "<code>first_name</code>" in page
    assert template.content.decode().startswith("name,email,password")
    assert template["Content-Disposition"] == 'attachment; filename="create-members.csv"'


def test_every_faulty_line_is_listed_and_nothing_is_stored(sam: Client, alpha):
    answer = _upload(sam, "\n".join((HEADER, GOOD, *FAULTY)))

    assert {fault.line for fault in answer.context["faults"]} >= {3, 4, 5, 7}
    assert {fault.line for fault in answer.context["faults"]} <= {2, 3, 4, 5, 6, 7}
    assert {2, 6} & {fault.line for fault in answer.context["faults"]}, "the name that stands twice"
    assert "Nothing was stored" in answer.content.decode()
    assert SECRET not in answer.content.decode()
    assert _plans(alpha) == []


def test_faulty_lines_are_left_out_where_that_is_asked_for(sam: Client, alpha):
    answer = _upload(sam, "\n".join((HEADER, GOOD, *FAULTY[:3])), leave_out="on")

    [plan] = _plans(alpha)
    assert answer.context["plan"] == plan
    assert "3 invalid rows of the file were skipped" in answer.content.decode()
    [row] = rows_of(alpha, plan.pk)
    assert "ANN_1001" in row.label
    assert SECRET not in answer.content.decode()


def test_a_file_without_faults_becomes_a_preview_with_semicolons_and_a_mark_in_front_too(sam: Client, alpha):
    text = "\ufeff" + f"{HEADER}\r\n{GOOD}".replace(",", ";")

    answer = _upload(sam, text, reason="new programme")

    [plan] = _plans(alpha)
    assert (plan.kind, plan.state, plan.reason) == ("create_members", "preview", "new programme")
    assert SECRET not in answer.content.decode()
    assert SECRET not in b"".join(signed_in_owner(alpha).get(reverse("admin:plan_results", args=[plan.pk]))).decode()


def signed_in_owner(alpha) -> Client:
    return signed_in(staff_user("olive", alpha, "owner"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The submitted file is empty"),
        (HEADER.encode(), "has no line but the first"),
        (b"name;e-mail\nx;y", "does not name"),
        ((HEADER + ",shoe_size\n" + GOOD + ",9").encode(), "not known here: shoe_size"),
        (HEADER.encode() + b"\nJos\xe9,x,y,z,a", "Line 2 is not UTF-8"),
        (b"PK\x03\x04\x00\x00", "no text file"),
        (f'{HEADER}\n"ANN,x,y,z,a'.encode(), "never closed"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_makes_nothing(sam: Client, alpha, content: bytes, words: str):
    answer = _upload(sam, content)

    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert _plans(alpha) == []


def test_what_takes_no_file_has_no_page_for_one(sam: Client):
    for name in ("plan_file", "plan_file_template"):
        assert sam.get(reverse(name, args=["revoke-permissions"])).status_code == 404
