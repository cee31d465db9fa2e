"""The demo: everything that the service needs, on this machine, with a simulated platform. Used by `manage.py demo`.

Addresses given by the environment take the place of the embedded servers: DATABASE_URL (with DATABASE_OWNER_URL and
DATABASE_HUB_URL) of PostgreSQL, CELERY_BROKER_URL of Valkey.
"""

import contextlib
import http.client
import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

from vendor_admin.commands import DEMO_ROLES, PREPARATIONS, arguments_of
from vendor_admin.demo.authenticator import code_of
from vendor_admin.demo.folder import (
    api_lines,
    kept_secrets,
    log_path,
    login_lines,
    member_lines,
    only_one,
    portal_lines,
    secrets_of_codes,
    webhook_lines,
)
from vendor_admin.demo.older_data import OlderData, refuse_older_data
from vendor_admin.embedded import EmbeddedError, EmbeddedPostgres, EmbeddedValkey, Program, choose_port
from vendor_admin.embedded.accounts import remove_home_folder
from vendor_admin.embedded.valkey import file_system_broker
from vendor_admin.private_files import read_object
from vendor_admin.supervisor import Child, ChildFailed, StopRequested, Supervisor

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLE_PORTAL = ROOT / "tests" / "sample_portal" / "portal.py"
SAMPLE_RECEIVER = ROOT / "tests" / "sample_portal" / "receiver.py"
WEB_PORT, EVENTS_PORT, SANDBOX_PORT, PORTAL_PORT, RECEIVER_PORT = 8000, 8001, 8090, 8070, 8071
POSTGRES_PORT, VALKEY_PORT = 54320, 63790
CHANGES_BY_ADMINISTRATORS_A_SECOND = 0.5
TRADERS = 1_000
"""Of each organization: more than it has accounts, so that all of them are traded."""
LIVE_SECONDS = 600.0  # from the first start: slow machines make the tables for minutes
# What serves people stops first, then what sends work, then what does it (2).
STOP_RANKS = {"web": 0, "events": 0, "beat": 1}
DATABASE_VARIABLES = ("DATABASE_ADMIN_URL", "DATABASE_OWNER_URL", "DATABASE_URL", "DATABASE_HUB_URL")
DATABASE_NAME = "vendor_admin"
CONTINUES = " `make demo` continues with this data, `make demo RESET=1` starts fresh."


class Demo:
    """One folder's demo; its data, logs and secrets are in `folder` (var/)."""

    def __init__(self, *, folder: Path = ROOT / "var", output: TextIO = sys.stdout) -> None:
        self.folder = folder
        self.output = output
        self.started_at = time.monotonic()
        self.supervisor = Supervisor(record_path=folder / "demo.children.json", say=self.say)
        self.web_port = self.events_port = 0
        self._ports: set[int] = set()  # chosen, though nobody may listen there yet
        self._told_when_live = False

    def run(self, *, reset: bool = False) -> int:
        """Start everything, keep it running until a signal, stop it; returns the exit code."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with only_one(self.folder / "demo.lock") as holder:
            if holder is not None:
                self.say(
                    f"The demo already runs in this folder ({holder}). Stop that one first, with Ctrl-C or a signal."
                )
                return 1
            self.supervisor.install_signal_handlers()
            for name in self.supervisor.stop_leftovers():
                self.say(f"Stopped {name}, which an earlier demo left behind.")
            if reset:
                self.remove_data()
            outlook = CONTINUES
            try:
                self._start_all()
                self.supervisor.watch(tick=self._tell_when_live)
            except StopRequested:
                pass
            except OlderData as error:
                outlook = ""
                self.say(f"The demo cannot go on. {error}")
                return 1
            except (ChildFailed, EmbeddedError) as error:
                # A Ctrl-C in the terminal may have hit what was being prepared, which is no failure.
                if not self.supervisor.signals:
                    self.say(f"The demo cannot go on. {error}")
                    return 1
            finally:
                self.say("Stopping.")
                self.supervisor.stop()
                self.say(f"Stopped.{outlook}")
        return 0

    def show_codes(self) -> int:
        """Print the codes of the moment of those demo users who have a second factor; returns the exit code."""
        found = secrets_of_codes(self.folder / "demo.logins.json")
        if not found:
            self.say("No demo has made its users in this folder yet. Start it with `make demo`.")
            return 1
        for user, secret in found.items():
            self.say(f"{user}  {code_of(secret, at=time.time())}  for another {30 - int(time.time()) % 30} seconds")
        return 0

    def say(self, text: str) -> None:
        # The terminal may be gone; what we supervise still must be stopped in order.
        with contextlib.suppress(OSError, ValueError):
            print(text, file=self.output, flush=True)

    def remove_data(self) -> None:
        """Remove what earlier runs stored, wherever it is."""
        remove_home_folder(self.folder / "postgres")
        for name in ("valkey", "broker", "sandbox", "log", "mail", "state"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for name in ("secrets", "logins", "members", "portal", "api", "webhook"):
            (self.folder / f"demo.{name}.json").unlink(missing_ok=True)
        self.say("Removed the data of earlier runs.")

    def _start_all(self) -> None:
        self.say("Starting the demo. It needs nothing but this folder; everything listens on this machine only.")
        kept = kept_secrets(self.folder / "demo.secrets.json")
        environment = {
            **_own_environment(),
            "SECRET_KEY": kept["secret_key"],
            "CREDENTIAL_KEYS": kept["credential_key"],
            "SYNCZ_TOKEN": kept["syncz_token"],
            "DEMO_SIGN_IN_WITHOUT_CODE": "1",
            "STATE_FOLDER": str((self.folder / "state").absolute()),
        }
        environment |= self._database(kept)
        refuse_older_data(environment)
        environment |= self._broker(kept)
        sandbox_url = self._sandbox()
        self.web_port = self._port("the web site", WEB_PORT)
        self.events_port = self._port("the events of the partner API", EVENTS_PORT)
        environment["SITE_URL"] = f"http://localhost:{self.web_port}"
        environment["EMAIL_URL"] = f"filemail:///{quote(str((self.folder / 'mail').absolute()))}"
        portal_port = self._port("the sample portal", PORTAL_PORT)
        receiver_port = self._port("the sample receiver of webhooks", RECEIVER_PORT)
        self._prepare_database(
            environment, sandbox_url=sandbox_url, portal_port=portal_port, receiver_port=receiver_port
        )
        self._receiver(receiver_port)
        environment["GUNICORN_CMD_ARGS"] = f"--bind 127.0.0.1:{self.web_port}"
        environment["EVENTS_BIND"] = f"127.0.0.1:{self.events_port}"
        answers = {"web": self._web_answers, "events": self._events_answer}
        for name, command in DEMO_ROLES.items():
            program = Program(name=name, arguments=arguments_of(command), folder=ROOT, environment=environment)
            self.supervisor.start(
                Child(
                    program=program,
                    log_path=log_path(self.folder, name),
                    stop_rank=STOP_RANKS.get(name, 2),
                    grace_seconds=20,
                    is_ready=answers.get(name, lambda: True),
                )
            )
        self._portal(portal_port)
        self._show_banner(sandbox_url)

    def _database(self, kept: Mapping[str, str]) -> dict[str, str]:
        """Start PostgreSQL, or take the one that the environment names; returns the variables for the children."""
        if os.environ.get("DATABASE_URL"):
            self.say("Using the database that DATABASE_URL names.")
            return {name: os.environ[name] for name in DATABASE_VARIABLES if os.environ.get(name)}
        port = self._port("PostgreSQL", POSTGRES_PORT)
        log = log_path(self.folder, "postgres")
        postgres = EmbeddedPostgres(
            self.folder / "postgres", log_path=log, port=port, password=kept["postgres_password"]
        )
        program = postgres.prepare()
        self.supervisor.start(
            Child(program=program, log_path=log, stop_rank=5, grace_seconds=30, is_ready=postgres.is_ready)
        )
        where = "" if program.folder.is_relative_to(self.folder.absolute()) else f", data in {program.folder}"
        self.say(f"PostgreSQL answers at 127.0.0.1:{port}{where}.")
        urls = {
            variable: postgres.url(
                user=f"vendor_admin_{role}", password=kept[f"{role}_password"], database=DATABASE_NAME
            )
            for variable, role in (
                ("DATABASE_OWNER_URL", "owner"),
                ("DATABASE_URL", "app"),
                ("DATABASE_HUB_URL", "hub"),
            )
        }
        return urls | {"DATABASE_ADMIN_URL": postgres.url()}

    def _broker(self, kept: Mapping[str, str]) -> dict[str, str]:
        """Start Valkey, or take the broker that the environment names; returns the variables for the children."""
        if url := os.environ.get("CELERY_BROKER_URL"):
            self.say("Using the broker that CELERY_BROKER_URL names.")
            return {"CELERY_BROKER_URL": url}
        port = self._port("Valkey", VALKEY_PORT)
        log = log_path(self.folder, "valkey")
        valkey = EmbeddedValkey(self.folder / "valkey", log_path=log, port=port, password=kept["valkey_password"])
        try:
            program = valkey.prepare()
        except EmbeddedError as error:
            self.say(f"{error} Using files in {self.folder / 'broker'} as the broker, which is slower.")
            return file_system_broker(self.folder / "broker")
        self.supervisor.start(
            Child(program=program, log_path=log, stop_rank=4, grace_seconds=15, is_ready=valkey.is_ready)
        )
        self.say(f"Valkey answers at 127.0.0.1:{port}.")
        return {"CELERY_BROKER_URL": valkey.url}

    def _sandbox(self) -> str:
        """Start the simulated platform; returns its address."""
        folder = self.folder / "sandbox"
        folder.mkdir(exist_ok=True)
        port = self._port("the simulated platform", SANDBOX_PORT)
        command = (
            *("python", "-m", "vendor_admin.sandbox", "--port", str(port)),
            *("--rate", str(CHANGES_BY_ADMINISTRATORS_A_SECOND), "--traders", str(TRADERS), "--always-open"),
            *("--ledger", str((folder / "ledger.jsonl").absolute())),
        )
        program = Program(name="sandbox", arguments=arguments_of(command), folder=ROOT, environment=_own_environment())
        self.supervisor.start(
            Child(
                program=program,
                log_path=log_path(self.folder, "sandbox"),
                stop_rank=3,
                grace_seconds=10,
                is_ready=lambda: _status(port, "/control/ledger?limit=1") is not None,
            )
        )
        self.say(f"The simulated platform answers at 127.0.0.1:{port}; its traders trade on a market of its own.")
        return f"http://127.0.0.1:{port}"

    def _portal(self, port: int) -> None:
        """Start the sample portal, a program that knows nothing of ours but what an owner would give it."""
        given = read_object(self.folder / "demo.portal.json")
        if given:
            options = ("--issuer", given["issuer"], "--client-id", given["client_id"])
            secret = {"PORTAL_CLIENT_SECRET": given["client_secret"]}
            self._sample("portal", SAMPLE_PORTAL, options, port=port, secret=secret, stop_rank=0)

    def _receiver(self, port: int) -> None:
        """Start the sample receiver of webhooks. It outlives the workers, which send there."""
        given = read_object(self.folder / "demo.webhook.json")
        if given:
            secret = {"WEBHOOK_SECRET": given["secret"]}
            self._sample("receiver", SAMPLE_RECEIVER, (), port=port, secret=secret, stop_rank=3)

    def _sample(
        self, name: str, path: Path, options: tuple[str, ...], *, port: int, secret: dict[str, str], stop_rank: int
    ) -> None:
        """Start a sample of what a partner writes."""
        if not path.exists():
            self.say(f"There is no sample {name}, since {path.relative_to(ROOT)} is not in this folder.")
            return
        arguments = arguments_of(("python", str(path), "--port", str(port), *options))
        program = Program(name=name, arguments=arguments, folder=ROOT, environment=_own_environment() | secret)
        self.supervisor.start(
            Child(
                program=program,
                log_path=log_path(self.folder, name),
                stop_rank=stop_rank,
                grace_seconds=5,
                is_ready=lambda: _status(port, "/") == 200,
            )
        )

    def _prepare_database(
        self, environment: Mapping[str, str], *, sandbox_url: str, portal_port: int, receiver_port: int
    ) -> None:
        log = log_path(self.folder, "prepare")
        at_sandbox = ("--sandbox-url", sandbox_url)
        logins = (self.folder / "demo.logins.json").absolute()
        logins.touch(mode=0o600)
        api_key = (self.folder / "demo.api.json").absolute()
        webhook = (self.folder / "demo.webhook.json").absolute()
        seed = (
            *("python", "manage.py", "seed_demo", *at_sandbox, "--new-sandbox"),
            *("--logins-file", str(logins), "--api-key-file", str(api_key)),
            *("--webhook-url", f"http://localhost:{receiver_port}/webhooks", "--webhook-file", str(webhook)),
        )
        members = (self.folder / "demo.members.json").absolute()
        portal = (self.folder / "demo.portal.json").absolute()
        seed_members = (
            *("python", "manage.py", "seed_members", *at_sandbox, "--members-file", str(members)),
            *("--portal-url", f"http://localhost:{portal_port}", "--portal-file", str(portal)),
        )
        for name, command in (*PREPARATIONS.items(), ("seed_demo", seed), ("seed_members", seed_members)):
            if name == "ensure_roles" and "DATABASE_ADMIN_URL" not in environment:
                continue  # a database of one's own: its administrator made the roles
            program = Program(name=name, arguments=arguments_of(command), folder=ROOT, environment=environment)
            self.supervisor.run(program, log_path=log)
        self.say("Roles, tables and the demo's organizations are there.")

    def _port(self, what: str, preferred: int) -> int:
        port = choose_port(preferred, besides=self._ports)
        self._ports.add(port)
        if port != preferred:
            self.say(f"Port {preferred} is taken, so {what} will be at port {port}.")
        return port

    def _web_answers(self) -> bool:
        return _status(self.web_port, "/livez") == 200

    def _events_answer(self) -> bool:
        return _status(self.events_port, "/livez") == 200

    def _tell_when_live(self) -> None:
        """Say once that all sockets are live, or that they are not after a long time."""
        if self._told_when_live:
            return
        waited = time.monotonic() - self.started_at
        if _status(self.web_port, "/syncz") == 200:
            self.say(f"Live: every socket receives events, {waited:.0f} s after the start.")
            self._told_when_live = True
        elif waited > LIVE_SECONDS:
            self.say(f"Not every socket is live yet; http://localhost:{self.web_port}/syncz says why.")
            self._told_when_live = True

    def _show_banner(self, sandbox_url: str) -> None:
        lines = [
            "",
            "Vendor Admin is running, with made-up data from a simulated platform.",
            "",
            f"  Staff pages         http://localhost:{self.web_port}/",
            f"  Health of sync      http://localhost:{self.web_port}/syncz",
            f"  Simulated platform  {sandbox_url.replace('127.0.0.1', 'localhost')}/",
            f"  E-mails             files in {self.folder / 'mail'}; none is really sent",
            "",
            *login_lines(self.folder / "demo.logins.json"),
            *member_lines(self.folder / "demo.members.json"),
            *portal_lines(self.folder / "demo.portal.json"),
            *api_lines(self.folder / "demo.api.json", port=self.web_port, events_port=self.events_port),
            *webhook_lines(self.folder / "demo.webhook.json"),
            f"Data and logs are in {self.folder}. Stop with Ctrl-C.",
            "",
        ]
        self.say("\n".join(lines))


def _own_environment() -> dict[str, str]:
    """The caller's environment without the service's own variables, which the demo sets itself."""
    ours = {
        *DATABASE_VARIABLES,
        "DATABASE_ASSUME_ROLE",
        "CELERY_BROKER_URL",
        "ALLOWED_HOSTS",
        "SITE_URL",
        "PORT",
        "EVENTS_BIND",
    }
    ours |= {"BEHIND_PROXY", "DEMO_SIGN_IN_WITHOUT_CODE"}
    caller = {name: value for name, value in os.environ.items() if name not in ours}
    return caller | {"DEBUG": "1", "DJANGO_SETTINGS_MODULE": "vendor_admin.settings", "PYTHONUNBUFFERED": "1"}


def _status(port: int, path: str) -> int | None:
    """HTTP status of a page on this machine, None if nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
