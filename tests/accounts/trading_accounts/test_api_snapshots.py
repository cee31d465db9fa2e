"""Cash snapshots by the partner API."""

import pytest

from tests.support.partner_api.program import ApiProgram
from tests.support.scene import Scene
from vendor_admin.operations.models import ReadJob
from vendor_admin.operations.read_jobs.work import read

pytestmark = pytest.mark.demo_alone


def test_a_program_asks_for_an_accounts_cash_and_reads_the_answer(scene: Scene) -> None:
    program = ApiProgram.of(scene.organization)
    [account_id] = scene.account_ids(1)
    path, headers = f"/api/v1/accounts/{account_id}/cash-snapshots", {"Idempotency-Key": "look-1"}
    asked = program.post(path, headers=headers)
    assert (asked.status_code, asked.json()["state"], asked.json()["total_cash"]) == (202, "waiting", None)
    with scene.scope():
        [job] = ReadJob.objects.all()
    read(organization_id=scene.organization.pk, job_id=job.pk, seconds=10)
    told = program.get(asked["Location"]).json()
    assert (told["state"], told["account_id"]) == ("answered", str(account_id))
    assert float(told["total_cash"]) == float(scene.balance(account_id))
    missing = program.post("/api/v1/accounts/1/cash-snapshots", headers={"Idempotency-Key": "look-2"})
    assert missing.status_code == 404
    assert program.get("/api/v1/cash-snapshots/999999").status_code == 404
