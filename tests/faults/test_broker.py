"""The broker is restarted and goes away; the sync does not need it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.stage import RATE, SMALL_WORLD, TRADING, Stage, in_words, print_table
from tests.support.database import ROOT, make_folder, product_environment
from vendor_admin.embedded import EmbeddedValkey

pytestmark = pytest.mark.slow

AWAY_SECONDS = float(os.environ.get("BROKER_AWAY_SECONDS", "12"))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    folder = make_folder()
    valkey = EmbeddedValkey(folder / "valkey", log_path=folder / "valkey.log").start()
    yield valkey
    valkey.remove()


def test_the_sync_goes_on_while_the_broker_is_restarted_and_away(
    make_stage: Callable[..., Stage], broker: EmbeddedValkey
) -> None:
    stage = make_stage(*SMALL_WORLD)
    stage.broker_url = broker.url
    stage.connect_organizations(entity_types=TRADING)
    stage.open_with_load(RATE)
    broker.stop()
    broker.start()
    stage.until_more_is_stored(RATE)
    broker.stop()
    slowest = _slowest_rate(stage, seconds=AWAY_SECONDS)
    broker.start()
    back_at = time.monotonic()
    stage.quiesce()
    report = stage.compare()
    stage.until(lambda: _answers(stage), "the worker answers over the broker again")
    answered = time.monotonic() - back_at
    print_table(
        f"Broker restarted, then gone for {AWAY_SECONDS:g} s, at {RATE:g} events/s",
        in_words(report)
        | {
            "stored in the slowest 5 s without a broker": f"{slowest:.0f} events/s",
            "worker answers over the broker after": f"{answered:.1f} s",
        },
    )
    assert report["violations"] == []
    assert all(place["gaps"] == 0 for place in report["places"].values())
    assert slowest > RATE / 10


def _slowest_rate(stage: Stage, *, seconds: float) -> float:
    until, rates = time.monotonic() + seconds, []
    while time.monotonic() < until:
        before, started = stage.stored_events(), time.monotonic()
        time.sleep(5.0)
        rates.append((stage.stored_events() - before) / (time.monotonic() - started))
    return min(rates)


def _answers(stage: Stage) -> bool:
    command = [str(Path(sys.executable).with_name("celery")), "-A", "vendor_admin", "inspect", "ping", "--timeout", "3"]
    environment = product_environment(stage.urls) | {"CELERY_BROKER_URL": stage.broker_url}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, check=False)
    return "pong" in done.stdout
