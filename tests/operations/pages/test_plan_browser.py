"""The four steps as people walk them: in a browser, against the simulated platform, with the operations really sent."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE_WIDTH, needs_chromium, opened, overflow
from tests.support.people import staff_user
from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from tests.support.signed_in import signed_in
from vendor_admin.operations.models import Plan

pytestmark = [pytest.mark.pages, pytest.mark.browser, needs_chromium]

PERMISSIONS = "/admin/mirrors/tradingpermission/"


@pytest.fixture
def owner(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Playwright's loop runs in this thread, which Django would take for asynchronous code."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    return signed_in(staff_user("olive", scene.organization, "owner"))


@pytest.fixture
def page(site_url: str, owner: Client) -> Iterator[Page]:
    with opened(site_url, owner) as page:
        yield page


def _newest_plan(scene: Scene) -> Plan:
    with scene.scope():
        return Plan.objects.latest("id")


def _revoke_first(page: Page, count: int) -> None:
    """Mark the first rows of the permissions in force, and go on to the preview."""
    page.goto(PERMISSIONS)
    boxes = page.locator("tr", has_text="Accepted").locator("input[name=id]")
    for number in range(count):
        boxes.nth(number).check()
    page.get_by_label("What to do").select_option(label="Revoke trading permissions")
    page.get_by_role("button", name="Apply to selected").click()
    page.get_by_label("Reason").fill("rule 4.2")
    page.get_by_role("button", name="Preview").click()


def _confirm(page: Page) -> None:
    page.get_by_role("link", name="Continue to confirm").first.click()
    page.get_by_role("button", name=re.compile("Update .* now")).click()


def test_permissions_are_revoked_by_keyboard_alone_and_the_page_follows_the_plan(page: Page, scene: Scene) -> None:
    page.goto(PERMISSIONS)
    names = page.locator("tbody tr", has_text="Accepted").first.locator("th").inner_text()
    row = (
        page.locator("tbody tr")
        .all_inner_texts()
        .index(next(text for text in page.locator("tbody tr").all_inner_texts() if names in text))
    )
    for _ in range(row + 1):
        page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-marked]")).to_have_text("1 selected")
    page.get_by_label("What to do").focus()
    page.keyboard.type("Revoke")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    reason = page.get_by_label("Reason")
    reason.wait_for()
    page.wait_for_load_state()  # a key that is pressed while the page loads is lost
    reason.focus()
    expect(reason).to_be_focused()
    page.keyboard.type("rule 4.2")
    expect(reason).to_have_value("rule 4.2")
    page.keyboard.press("Enter")
    expect(page.locator("[aria-current=step]")).to_have_text("Preview")
    expect(page.locator("tbody")).to_contain_text("Revoked")
    page.get_by_role("link", name="Continue to confirm").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[aria-current=step]")).to_have_text("Confirm")
    page.get_by_role("button", name="Update 1 now").focus()
    page.keyboard.press("Enter")

    expect(page.locator("[data-plan-state=running]")).to_be_visible()
    scene.work("demo")
    expect(page.locator("[data-plan-state=finished]")).to_be_visible()
    expect(page.get_by_role("link", name="Revert")).to_be_visible()
    plan = _newest_plan(scene)
    [done] = scene.rows(plan)
    assert scene.expected("tradingPermission")[done.target_id or 0]["status"] == "Revoked"


def test_a_plan_is_reverted_fails_in_part_and_is_retried(page: Page, scene: Scene) -> None:
    _revoke_first(page, 2)
    _confirm(page)
    scene.work("demo")
    revoked = [row.target_id for row in scene.rows(_newest_plan(scene))]
    wait_until(
        lambda: set(revoked) <= {one.entity_id for one in scene.permissions(status="Revoked")}, what="the mirror"
    )
    words = "Access is denied for <now>"
    scene.sandbox.control("write", fault="errorText", path="user/createtradingpermission", calls=1, text=words)

    page.get_by_role("link", name="Revert").click()
    page.get_by_label("Reason").fill("the wrong two")
    page.get_by_role("button", name="Preview the way back").click()
    _confirm(page)
    scene.work("demo")
    expect(page.locator("q").first).to_contain_text(words)
    expect(page.get_by_text("Nothing was changed in these rows")).to_be_visible()
    back = _newest_plan(scene)
    assert sorted(row.state for row in scene.rows(back)) == ["rejected", "succeeded"]
    page.get_by_role("button", name="Retry failed rows (1)").click()
    expect(page.get_by_text("Nothing has been sent yet")).to_be_visible()
    _confirm(page)
    scene.work("demo")
    expect(page.locator("[data-plan-state=finished]")).to_be_visible()

    retried = _newest_plan(scene)
    assert retried.retries_id == back.pk
    assert [row.state for row in scene.rows(retried)] == ["succeeded"]
    assert scene.writes("user/createtradingpermission") == {"applied": 2, "refused": 1}


def test_a_file_with_faulty_rows_is_corrected_and_its_members_are_made(
    page: Page, scene: Scene, tmp_path: Path
) -> None:
    header = "name,email,password,first_name,last_name"
    good = "HERON_9001,heron.one@traders.example,seven quiet herons,Ada,Heron"
    faulty = "HERON_9002,heron.two@traders.example,short,Ben,Heron"
    mended = faulty.replace("short", "nine loud herons")
    first, second = tmp_path / "members.csv", tmp_path / "mended.csv"
    first.write_text(f"{header}\n{good}\n{faulty}\n{good}")
    second.write_text(f"{header}\n{good}\n{mended}")

    page.goto("/admin/mirrors/platformuser/")
    page.get_by_role("link", name="Create members").click()
    page.get_by_role("link", name="From a CSV file").click()
    page.get_by_label("CSV file").set_input_files(first)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_text("Nothing was stored")).to_be_visible()
    lines = page.locator("#faults tbody tr th").all_inner_texts()
    assert "3" in lines
    assert {"2", "4"} & set(lines)
    expect(page.locator("#faults")).not_to_contain_text("quiet herons")
    with scene.scope():
        assert not Plan.objects.exists()

    page.get_by_label("CSV file").set_input_files(second)
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("tbody")).to_contain_text("HERON_9002")
    _confirm(page)
    scene.work("live")
    expect(page.locator("[data-plan-state=finished]")).to_be_visible()

    assert {row.state for row in scene.rows(_newest_plan(scene))} == {"succeeded"}
    names = {one["name"] for one in scene.expected("user", "live").values()}
    assert {"HERON_9001", "HERON_9002"} <= names


def test_a_plan_is_paused_and_cancelled_from_its_page(page: Page, scene: Scene) -> None:
    _revoke_first(page, 1)
    _confirm(page)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    assert scene.work("demo") == 0
    page.get_by_label("Stop for good?").fill("not today")
    page.get_by_role("button", name="Cancel the plan").click()

    expect(page.get_by_text("Cancelled. What was done stays done")).to_be_visible()
    assert {row.state for row in scene.rows(_newest_plan(scene))} == {"cancelled"}
    assert scene.writes("user/revoketradingpermissions") == {}


def test_every_step_fits_on_a_phone_and_works_there(site_url: str, owner: Client, scene: Scene) -> None:
    with opened(site_url, owner, width=PHONE_WIDTH) as page:
        wide: dict[str, int] = {}

        def look(name: str) -> None:
            if (points := overflow(page)) > 0:
                wide[name] = points

        page.goto(PERMISSIONS)
        look("list")
        _revoke_first(page, 1)
        look("preview")
        _confirm(page)
        look("progress")
        scene.work("demo")
        expect(page.locator("[data-plan-state=finished]")).to_be_visible()
        expect(page.locator("[data-plan]")).to_have_count(0)  # the page was loaded again, and renews itself no more
        look("finished")
        for address in ("operations/plan/", "operations/operation/", "operations/planrow/", "budgets/", "thresholds/"):
            page.goto(f"/admin/{address}")
            look(address)
        page.goto("/admin/operations/operation/")
        page.locator("tbody th a").first.click()
        look("operation")
    assert wide == {}


def test_the_steps_work_without_scripts(site_url: str, owner: Client, scene: Scene) -> None:
    with opened(site_url, owner, scripts=False) as page:
        _revoke_first(page, 1)
        _confirm(page)
        expect(page.locator("[data-plan-state=running]")).to_be_visible()
        scene.work("demo")
        page.reload()
        expect(page.locator("[data-plan-state=finished]")).to_be_visible()
