"""Organizations with sockets, plans and channels, as notices see them, and a receiver of webhooks on this machine."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
from psycopg import sql

from vendor_admin.notices import delivery, watcher
from vendor_admin.notices.models import Delivery, Notice, NoticeChannel, NoticeKind
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections.verbs import add_connection
from vendor_admin.organizations.models import Connection, Organization
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.tenancy.scope import organization_scope

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Desk:
    """One organization. Times are given as seconds after NOW."""

    def __init__(self, hub: psycopg.Connection, slug: str) -> None:
        self.hub = hub
        self.organization = Organization.objects.create(slug=slug, name=slug.title())

    def scope(self) -> Any:
        return organization_scope(self.organization.pk)

    def connect(self, environment: str = "demo", *, host: str = "tradovateapi.com", user: str = "") -> Connection:
        with self.scope():
            return add_connection(
                organization=self.organization,
                environment=environment,
                actor=Actor.staff("test"),
                rest_url=f"https://{environment}.{host}/v1",
                websocket_url=f"wss://{environment}.{host}/v1/websocket",
                credentials={
                    "name": user or self.organization.slug, "password": "p", "app_id": "a", "cid": "1", "sec": "s",
                },
            )  # fmt: skip

    def socket(self, connection: Connection, *, shard: int = 0, live_at: float | None = 0.0, **values: Any) -> int:
        """A socket that a worker holds, and that is live (or waits to reconnect)."""
        row = {
            "organization_id": self.organization.pk, "connection_id": connection.pk, "shard": shard,
            "environment": connection.environment, "holder": "hub-1", "fence": 1, "epoch": 1, "events_stored": 0,
            "expires_at": NOW + timedelta(days=1), "state": "live", "reason": "", "advice": "", "lag_ms": 5,
            "last_frame_at": None if live_at is None else NOW + timedelta(seconds=live_at),
        } | values  # fmt: skip
        statement = sql.SQL("INSERT INTO sync_lease ({}) VALUES ({}) RETURNING id").format(
            sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join(map(sql.Literal, row.values()))
        )
        found = self.hub.execute(statement).fetchone()
        assert found is not None
        return int(found[0])

    def set_socket(self, lease_id: int, state: str, *, reason: str = "", advice: str = "") -> None:
        self.hub.execute(
            "UPDATE sync_lease SET state = %s, reason = %s, advice = %s WHERE id = %s",
            [state, reason, advice, lease_id],
        )

    def plan(self, title: str = "Revoke 3 permissions", *, state: str = "finished", **values: Any) -> Plan:
        with self.scope():
            return Plan.objects.create(
                organization=self.organization, kind="test", title=title, state=state, actor="riley", created_at=NOW,
                started_at=values.pop("started_at", NOW), finished_at=NOW if state == "finished" else None, **values,
            )  # fmt: skip

    def rows(self, plan: Plan, *states: str, why: str = "The account is closed.") -> None:
        with self.scope():
            PlanRow.objects.bulk_create(
                PlanRow(
                    organization=self.organization, plan=plan, position=number, environment="demo",
                    target_type="account", label=f"row {number}", state=state, why=why if state == "rejected" else "",
                )
                for number, state in enumerate(states, start=1)
            )  # fmt: skip

    def undecided(self, plan: Plan, *, key: str = "k") -> Operation:
        with self.scope():
            return Operation.objects.create(
                organization=self.organization, plan=plan, environment="demo", name="x/y", request={}, actor="riley",
                idempotency_key=f"{plan.pk} {key}", state="unknown", needs_person=True, not_before=NOW, created_at=NOW,
            )  # fmt: skip

    def webhook(self, url: str, *, kinds: list[str] | None = None, **values: Any) -> NoticeChannel:
        return self._channel(medium="webhook", url=url, secret={"current": SECRET}, kinds=kinds, **values)

    def mail(self, *addresses: str, kinds: list[str] | None = None) -> NoticeChannel:
        return self._channel(medium="email", addresses=list(addresses), kinds=kinds)

    def _channel(self, *, kinds: list[str] | None, **values: Any) -> NoticeChannel:
        with self.scope():
            return NoticeChannel.objects.create(
                organization=self.organization, kinds=kinds or NoticeKind.values, created_by="test", created_at=NOW,
                **values,
            )  # fmt: skip

    def notices(self, **wanted: Any) -> list[Notice]:
        """Notices that people see."""
        with self.scope():
            return list(Notice.objects.filter(standing__gte=0, **wanted).order_by("id"))

    def notice(self) -> Notice:
        (found,) = self.notices()
        return found

    def deliveries(self) -> list[Delivery]:
        with self.scope():
            return list(Delivery.objects.order_by("id"))

    def told(self) -> list[tuple[str, str]]:
        """What the outbox holds: event and state, oldest first."""
        return [(one.event, one.state) for one in self.deliveries()]


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def look(seconds: float) -> tuple[int, int]:
    """One look at everything, so many seconds after NOW."""
    return watcher.watch(now=at(seconds))


def deliver(seconds: float) -> int:
    """Deliver all that is due then. Returns the number of attempts."""
    attempts = 0
    while made := delivery.deliver_due(now=at(seconds)):
        attempts += made
    return attempts


class Receiver:
    """A program that takes webhooks. `answers` are the statuses it gives, the last one for ever."""

    def __init__(self, *, answers: list[int] | None = None, meanwhile: Callable[[], None] | None = None) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers = answers or [200]
        self.meanwhile = meanwhile
        self.url = ""

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]

    def take(self, headers: dict[str, str], body: bytes) -> int:
        self.got.append(({name.lower(): value for name, value in headers.items()}, body))
        if self.meanwhile is not None:
            self.meanwhile()
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def receiving(receiver: Receiver, *, wrap: Callable[[Any], Any] | None = None) -> Iterator[Receiver]:
    """Serve a receiver on a loopback port; `wrap` makes its socket speak TLS."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = receiver.take(dict(self.headers), body)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if wrap is not None:
        server.socket = wrap(server.socket)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    receiver.url = f"http{'s' if wrap else ''}://127.0.0.1:{server.server_address[1]}/hook"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def lock(key: str, *, kind: str = "locked", seconds: float = 3600) -> None:
    """Close calls of the platform until so many seconds from now."""
    budgets.lock(key=key, until=at(seconds), reason=f"The platform answered 429 ({kind}).", kind=kind)


def fail_a_plan(desk: Desk, title: str = "Revoke 3 permissions") -> None:
    desk.rows(desk.plan(title), "rejected")
