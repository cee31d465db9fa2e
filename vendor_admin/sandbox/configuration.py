"""Every knob of the simulated platform, with the defaults of the documented one."""

import argparse
import dataclasses
import datetime as dt
import os
from collections.abc import Mapping, Sequence

# The variable that has the secret of the control door: an argument would be seen by everybody on the machine.
SECRET_VARIABLE = "TEST_SANDBOX_SECRET"  # noqa: S105 - its name
# The variable that has the address to listen at.
BIND_VARIABLE = "TEST_SANDBOX_BIND"
LOOPBACK = "127.0.0.1"


@dataclasses.dataclass(kw_only=True)
class Configuration:
    """How one sandbox is built and behaves; all durations in seconds, all limits may be changed while it runs."""

    seed: int = 7
    today: dt.date | None = None
    organizations: int = 3
    users: int = 24
    accounts_per_user: int = 3
    rate: float = 0.0
    events_per_frame: int = 10
    keep_orders: int = 2_000
    snapshot_part: int = 500
    snapshot_pause_seconds: float = 0.005
    hour_seconds: float = 3_600.0
    limits_enabled: bool = True
    token_seconds: float = 4_800.0
    logins_per_user: int = 2
    sockets_per_user: int = 50
    heartbeat_seconds: float = 2.5
    silence_seconds: float = 10.0
    unauthorized_seconds: float = 30.0
    pending_messages: int = 1_000_000
    ledger_entries: int = 200_000
    ledger_file: str | None = None
    oauth_redirect_uris: Sequence[str] | None = None
    always_open: bool = False
    market_step_seconds: float = 0.5
    market_speed: float = 1.0
    traders: int = 0
    test_mode: bool = False
    control_secret: str = ""
    bind: str = LOOPBACK
    ends_with_stdin: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of the sandbox; shared by `python -m vendor_admin.sandbox` and `manage.py sandbox`."""
    default = Configuration()
    parser.add_argument("--port", type=int, default=0, help="port, 0 picks a free one")
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--today", type=dt.date.fromisoformat, help="date the world is built for, YYYY-MM-DD")
    parser.add_argument("--organizations", type=int, default=default.organizations)
    parser.add_argument("--users", type=int, default=default.users, help="users per organization")
    parser.add_argument("--accounts-per-user", type=int, default=default.accounts_per_user)
    parser.add_argument("--rate", type=float, default=default.rate, help="events a second over all organizations")
    parser.add_argument("--events-per-frame", type=int, default=default.events_per_frame)
    parser.add_argument("--keep-orders", type=int, default=default.keep_orders, help="orders kept per organization")
    parser.add_argument("--snapshot-part", type=int, default=default.snapshot_part, help="entities a snapshot part")
    parser.add_argument("--snapshot-pause-seconds", type=float, default=default.snapshot_pause_seconds)
    parser.add_argument("--hour-seconds", type=float, default=default.hour_seconds, help="how long a limit's hour is")
    parser.add_argument("--no-limits", dest="limits_enabled", action="store_false", help="no rate limits at all")
    parser.add_argument("--token-seconds", type=float, default=default.token_seconds)
    parser.add_argument("--logins-per-user", type=int, default=default.logins_per_user)
    parser.add_argument("--sockets-per-user", type=int, default=default.sockets_per_user)
    parser.add_argument("--heartbeat-seconds", type=float, default=default.heartbeat_seconds)
    parser.add_argument("--silence-seconds", type=float, default=default.silence_seconds)
    parser.add_argument("--unauthorized-seconds", type=float, default=default.unauthorized_seconds)
    parser.add_argument("--pending-messages", type=int, default=default.pending_messages)
    parser.add_argument("--ledger-entries", type=int, default=default.ledger_entries, help="entries kept in memory")
    parser.add_argument("--ledger", dest="ledger_file", help="file that every ledger entry is appended to, JSON lines")
    parser.add_argument(
        "--oauth-redirect-uri",
        dest="oauth_redirect_uris",
        action="append",
        help="address that the seeded OAuth clients have registered; may be given several times",
    )
    parser.add_argument(
        "--market-step-seconds",
        type=float,
        default=default.market_step_seconds,
        help="how long a price lasts; 0 lets prices stand still",
    )
    parser.add_argument(
        "--market-speed", type=float, default=default.market_speed, help="seconds of the market's clock in a real one"
    )
    parser.add_argument(
        "--traders", type=int, default=default.traders, help="accounts of each organization that trade by themselves"
    )
    parser.add_argument("--always-open", action="store_true", help="the market knows no break and no weekend")
    parser.add_argument("--test-mode", action="store_true", help="magic values in writes make them misbehave")
    parser.add_argument("--ends-with-stdin", action="store_true", help="stop when standard input closes")


def from_options(options: Mapping[str, object]) -> Configuration:
    """Take the sandbox's own options out of parsed ones and ignore all others."""
    known = {field.name for field in dataclasses.fields(Configuration)}
    configuration = Configuration(
        control_secret=os.environ.get(SECRET_VARIABLE, ""), bind=os.environ.get(BIND_VARIABLE) or LOOPBACK
    )
    for name in known & options.keys():
        setattr(configuration, name, options[name])
    return configuration
