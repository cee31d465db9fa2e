"""`manage.py seed_demo` against a sandbox's control door."""

import io
import json
import stat
import time

import pytest
import responses
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from vendor_admin.demo import Demo
from vendor_admin.demo.authenticator import code_of
from vendor_admin.demo.folder import webhook_lines
from vendor_admin.notices.models import EventWebhook
from vendor_admin.organizations.models import Connection, Organization, StaffRole, User
from vendor_admin.organizations.sign_in.codes import check_code
from vendor_admin.organizations.tenancy.scope import organization_scope

URL = "http://127.0.0.1:9999"
CREDENTIALS = {
    "name": "n",
    "password": "p",
    "app_id": "a",
    "app_version": "1",
    "cid": "1",
    "sec": "s",
    "device_id": "d",
}


def _described(name: str) -> dict[str, object]:
    return {"id": 1, "name": name, "is_vendor": True, "has_scopes": True, "credentials": CREDENTIALS}


@pytest.fixture
def sandbox():
    with responses.RequestsMock() as mocked:
        mocked.get(f"{URL}/control/organizations", json=[_described("North One"), _described("South Two")])
        yield mocked


def test_seeding_makes_organizations_connections_and_sign_ins(db, sandbox, tmp_path, capsys):
    logins_file = tmp_path / "logins.json"

    call_command("seed_demo", sandbox_url=URL, logins_file=logins_file)

    assert [one.is_simulated for one in Organization.objects.all()] == [True, True]
    north = Organization.objects.get(slug="north-one")
    with organization_scope(north.pk):
        assert sorted(Connection.objects.values_list("environment", "rest_url", "websocket_url")) == [
            ("demo", f"{URL}/demo/v1", "ws://127.0.0.1:9999/demo/v1/websocket"),
            ("live", f"{URL}/live/v1", "ws://127.0.0.1:9999/live/v1/websocket"),
        ]
    assert StaffRole.objects.filter(organization=north).count() == 6
    logins = json.loads(logins_file.read_text())
    assert [login["user"] for login in logins][:2] == ["operator", "owner@north-one"]
    assert logins[-2]["user"] == "owner@south-two"
    careful = logins[-1]
    assert careful["user"] == "careful@north-one"
    code = code_of(careful["totp_secret"], at=time.time())
    assert check_code(user=User.objects.get(username=careful["user"]), code=code, now=timezone.now()).authenticator
    assert all(User.objects.get(username=login["user"]).check_password(login["password"]) for login in logins)
    assert logins[0]["password"] in capsys.readouterr().out
    assert stat.S_IMODE(logins_file.stat().st_mode) == 0o600


def test_seeding_again_changes_no_password_and_follows_the_sandbox(db, sandbox, tmp_path):
    logins_file = tmp_path / "logins.json"
    call_command("seed_demo", sandbox_url=URL, logins_file=logins_file)
    before = logins_file.read_text()
    sandbox.get("http://127.0.0.1:8888/control/organizations", json=[_described("North One"), _described("South Two")])

    call_command("seed_demo", "--sandbox", "http://127.0.0.1:8888/", "--logins", str(logins_file))

    assert logins_file.read_text() == before
    assert User.objects.count() == 8
    with organization_scope(Organization.objects.get(slug="north-one").pk):
        assert set(Connection.objects.values_list("rest_url", flat=True)) == {
            "http://127.0.0.1:8888/demo/v1",
            "http://127.0.0.1:8888/live/v1",
        }


def test_seeding_tells_the_receiver_its_secret_and_follows_it_to_another_port(db, sandbox, tmp_path, settings):
    settings.DEBUG, settings.ALLOW_INTERNAL_PLATFORM_HOSTS = True, False
    path = tmp_path / "webhook.json"

    def seed(port: int) -> dict[str, str]:
        url = f"http://localhost:{port}/webhooks"
        call_command("seed_demo", sandbox_url=URL, webhook_url=url, webhook_file=path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        told = json.loads(path.read_text())
        with organization_scope(Organization.objects.get(slug="north-one").pk):
            webhook = EventWebhook.objects.get()
            assert (webhook.url, webhook.secret["current"]) == (url, told["secret"])
        return told

    first = seed(8071)
    assert seed(8072)["secret"] == first["secret"]
    assert webhook_lines(path)[1].strip() == "http://localhost:8072/"
    path.write_text("{}")
    assert seed(8072)["secret"] != first["secret"]


def test_the_demo_prints_the_code_of_who_needs_one(db, sandbox, tmp_path):
    output = io.StringIO()
    demo = Demo(folder=tmp_path, output=output)
    assert demo.show_codes() == 1
    assert "No demo has made its users in this folder yet" in output.getvalue()
    call_command("seed_demo", sandbox_url=URL, logins_file=tmp_path / "demo.logins.json")

    with time_machine.travel(1_795_000_005, tick=False):
        assert demo.show_codes() == 0
        code = output.getvalue().splitlines()[-1].split()[1]
        user = User.objects.get(username="careful@north-one")
        assert check_code(user=user, code=code, now=timezone.now()).authenticator


def test_demo_data_never_goes_to_a_real_organization(db, sandbox):
    Organization.objects.create(slug="north-one", name="A real one")

    with pytest.raises(CommandError, match="real organization"):
        call_command("seed_demo", sandbox_url=URL)


def test_a_user_who_is_no_demo_user_is_never_touched(db, sandbox):
    real = User.objects.create_user("operator", password="of-a-person", kind=User.Kind.OPERATOR, is_staff=True)

    with pytest.raises(CommandError, match="operator who is no demo user"):
        call_command("seed_demo", sandbox_url=URL)

    real.refresh_from_db()
    assert real.check_password("of-a-person")
    assert not Organization.objects.exists()


def test_a_sandbox_that_does_not_answer_is_named(db):
    with responses.RequestsMock() as mocked:
        mocked.get(f"{URL}/control/organizations", status=500)
        with pytest.raises(CommandError, match=r"No sandbox answers at http://127\.0\.0\.1:9999"):
            call_command("seed_demo", sandbox_url=URL)
