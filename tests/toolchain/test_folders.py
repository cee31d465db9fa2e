"""Folders stay small enough to find one's way in."""

from collections import Counter

from tests.support.database import ROOT

TOPS = ("vendor_admin", "accounts", "risk", "oauth_bridge")
MOST_FILES = 20


def test_no_folder_of_the_product_has_more_files_than_a_person_can_survey() -> None:
    files = Counter(
        path.parent.relative_to(ROOT)
        for top in TOPS
        for path in (ROOT / top).rglob("*")
        if path.is_file() and not {"migrations", "__pycache__"} & set(path.parts)
    )
    full = {str(folder): count for folder, count in files.items() if count > MOST_FILES}
    assert not full, f"at most {MOST_FILES} files a folder: {full}"
