"""Names that differ in case alone: the same rule for what people write, for files and for the mirrors."""

import csv
import io
from typing import Any

import pytest
from django.utils import timezone

from accounts.members.csv_import import MemberCsv
from accounts.members.uniqueness import set_apart_twice, taken_of
from accounts.trading_accounts.csv_import import AccountCsv
from tests.support.shared_material import shared_material
from vendor_admin.errors import InvalidFields
from vendor_admin.mirrors.queries.folding import fold
from vendor_admin.mirrors.queries.names import AccountNames, MemberNames
from vendor_admin.operations.csv_files import rows_of_file
from vendor_admin.operations.kinds import RowDraft, Target
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.pages

COMPOSED, TAKEN_APART = "ELODI\N{LATIN CAPITAL LETTER E WITH ACUTE}", "ELODIE\N{COMBINING ACUTE ACCENT}"
SAME = [("JANE_1", "jane_1"), (COMPOSED, TAKEN_APART), ("ＡLICE", "alice"), ("ΟΔΟΣ", "οδος"), ("ﬁrm", "FIRM")]
OTHERS = [("İLKE_01", "ilke_01"), ("STRASSE_1", "STRAßE_1"), ("mаrk_1", "mark_1"), ("ELODIE", COMPOSED)]


@pytest.mark.parametrize(
    ("one", "other", "is_same"), [*((*pair, True) for pair in SAME), *((*pair, False) for pair in OTHERS)]
)
def test_two_names_are_the_same_or_not_wherever_they_are_compared(
    alpha: Organization, write: Any, one: str, other: str, is_same: bool
) -> None:
    write.mirror("user", alpha, 7, name=one, email=f"{one}@x.example", environment="live")
    drafts = [RowDraft(Target("user", None), "live", name, new={"name": name}) for name in (one, other)]
    rows = ["name,email,password,first_name,last_name"]
    rows += [f"XX{name},{name}@b.example,7 quiet herons,A,B" for name in (one, other)]

    with organization_scope(alpha.pk):
        folded = fold([one, other])
        taken = taken_of(names=[other], emails=[f"{other}@x.example"], organization_id=alpha.pk)
        members = MemberNames([other], organization_id=alpha.pk)
        set_apart_twice(drafts, "name", called="name")
        lines, _ = rows_of_file("\n".join(rows).encode(), columns=MemberCsv.columns)
        reading = MemberCsv().read(lines, organization_id=alpha.pk, now=timezone.now())

    assert (folded[one] == folded[other]) is is_same
    assert bool(taken.why_not(name=other)) is is_same
    assert bool(taken.why_not(email=f"{other}@x.example")) is is_same
    assert bool(drafts[1].why_skipped) is is_same
    assert any("duplicate of line 2" in fault.text for fault in reading.faults) is is_same
    if is_same:
        assert members.find(other) == 7
    else:
        with pytest.raises(InvalidFields, match="no member"):
            members.find(other)


def test_words_are_folded_together_and_a_nul_breaks_nothing(alpha: Organization) -> None:
    with organization_scope(alpha.pk):
        assert fold([]) == {}
        assert fold(["", "A\x00B", "B", "a"]) == {"A\x00B": "ab", "B": "b", "a": "a"}


def test_the_second_line_of_the_accounts_file_never_lands_on_the_first_member(alpha: Organization, write: Any) -> None:
    folder = shared_material("field/18-letters-that-change-their-length")
    names = [line["name"] for line in csv.DictReader(io.StringIO((folder / "members.csv").read_text()))]
    lines, _ = rows_of_file((folder / "accounts.csv").read_bytes(), columns=AccountCsv.columns)

    for known in (names[:1], names[:2]):
        for number, name in enumerate(known, start=1):
            if number == len(known):
                write.mirror("user", alpha, number, name=name, environment="live")
        with organization_scope(alpha.pk):
            reading = AccountCsv().read(lines, organization_id=alpha.pk, now=timezone.now())
        assert [one.wanted["userId"] for one in reading.targets] == list(range(1, len(known) + 1))


def test_an_account_that_has_the_id_of_another_for_its_name_is_told_apart(alpha: Organization, write: Any) -> None:
    write.mirror("account", alpha, 9_200_001, name="EVALX00001")
    write.mirror("account", alpha, 9_200_002, name="9200001")

    with organization_scope(alpha.pk):
        accounts = AccountNames(["9200001", "D9200001", "EVALX00001"], organization_id=alpha.pk)

    assert accounts.find("EVALX00001") == 9_200_001
    with pytest.raises(InvalidFields, match="is the name of one account and the platform id of another"):
        accounts.find("9200001")
    with pytest.raises(InvalidFields, match="Write the platform id or the name"):
        accounts.find("D9200001")
