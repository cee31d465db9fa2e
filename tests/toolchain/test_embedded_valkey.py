"""The embedded Valkey."""

import json
import stat
from pathlib import Path

import pytest
import redis
from celery import Celery

from vendor_admin.embedded import EmbeddedValkey
from vendor_admin.embedded.valkey import file_system_broker


def test_messages_survive_a_restart_in_a_folder_with_spaces(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    server = EmbeddedValkey(folder, log_path=tmp_path / "valkey.log")
    with server, redis.Redis.from_url(server.url) as client:
        client.rpush("default", "waiting")
    with server, redis.Redis.from_url(server.url) as client:
        assert client.lrange("default", 0, -1) == [b"waiting"]


def test_a_client_without_the_password_is_refused(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path / "valkey", log_path=tmp_path / "valkey.log") as server:
        with redis.Redis(port=server.port) as client, pytest.raises(redis.AuthenticationError):
            client.ping()
    assert stat.S_IMODE((tmp_path / "valkey" / "valkey.conf").stat().st_mode) == 0o600


def test_the_file_system_broker_carries_a_message(tmp_path: Path) -> None:
    settings = file_system_broker(tmp_path / "broker")
    app = Celery(broker=settings["CELERY_BROKER_URL"])
    app.conf.broker_transport_options = json.loads(settings["CELERY_BROKER_TRANSPORT_OPTIONS"])
    with app.connection_for_write() as connection:
        with connection.SimpleQueue("default") as queue:
            queue.put({"hello": "world"})
        with connection.SimpleQueue("default") as queue:
            message = queue.get(timeout=5)
            message.ack()
    assert message.payload == {"hello": "world"}
