"""Where sessions are kept (settings.SESSION_ENGINE): in Django's table, which tells nobody how to be signed in.

A row's key is the digest of the cookie's value, and its data is encrypted by a key made of that value: a dump or a
backup opens nothing. A session ends twelve hours (SESSION_COOKIE_AGE) after the sign-in, whatever is saved meanwhile.
"""

import base64
import copy
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from cryptography.fernet import Fernet, InvalidToken
from django.contrib.auth import SESSION_KEY as SIGNED_IN
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

log = structlog.get_logger()

BEGAN_AT = "began_at"
ABSENT = object()
# 160 bits, the width of Django's column.
DIGEST_LETTERS = 40


def stored_key(session_key: str) -> str:
    """What the table knows a session by."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:DIGEST_LETTERS]


class SessionStore(DatabaseStore):
    """One browser's session. `session_key` is the cookie's value, as everywhere in Django."""

    _as_loaded: dict[str, Any] = {}

    # Django's asynchronous ways to the table know nothing of digests; these go through the verbs below.
    aload, aexists, acreate = SessionBase.aload, SessionBase.aexists, SessionBase.acreate
    asave, adelete = SessionBase.asave, SessionBase.adelete

    def load(self) -> dict[str, Any]:
        key = self.session_key or ""
        row = Session.objects.filter(session_key=stored_key(key), expire_date__gt=timezone.now()).first()
        if row is None:
            self._session_key = None
            return {}
        found = self.decode(row.session_data)
        self._as_loaded = copy.deepcopy(found)
        return found

    def save(self, must_create: bool = False) -> None:
        """Write what this request changed: what others of the same browser wrote meanwhile stays. Raises UpdateError
        where the session has ended."""
        if must_create or self.session_key is None:
            super().save(must_create)
        else:
            with transaction.atomic():
                row = Session.objects.select_for_update().filter(pk=stored_key(self.session_key)).first()
                if row is None:
                    raise UpdateError
                self._session_cache = self._changed(self.decode(row.session_data))
                super().save()
        self._as_loaded = copy.deepcopy(self._session_cache)

    def _changed(self, stored: dict[str, Any]) -> dict[str, Any]:
        """What is stored, with what was changed here since it was loaded."""
        mine = dict(self.items())
        for name in {*mine, *self._as_loaded}:
            value = mine.get(name, ABSENT)
            if value == self._as_loaded.get(name, ABSENT):
                continue
            if value is ABSENT:
                stored.pop(name, None)
            else:
                stored[name] = value
        return stored

    def exists(self, session_key: str) -> bool:
        return super().exists(stored_key(session_key))

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            super().delete(stored_key(key))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        data.setdefault(BEGAN_AT, timezone.now().timestamp())
        return Session(
            session_key=stored_key(self.session_key or ""),  # `save` makes one first
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
        )

    def encode(self, session_dict: dict[str, Any]) -> str:
        return self._cipher().encrypt(self.serializer().dumps(session_dict)).decode()

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        try:
            return dict(self.serializer().loads(self._cipher().decrypt(session_data)))
        except (InvalidToken, ValueError):
            log.warning("session_unreadable")
            return {}

    def cycle_key(self) -> None:
        """A new key for the same data. A sign-in begins the twelve hours; a new password within one does not."""
        if SIGNED_IN not in self:
            self.pop(BEGAN_AT, None)
        super().cycle_key()

    def get_expiry_date(self, **given: Any) -> datetime:
        """The end, which no save moves. (What is asked for by set_expiry does not count.)"""
        began = self.get(BEGAN_AT)
        began_at = timezone.now() if began is None else datetime.fromtimestamp(began, UTC)
        return began_at + timedelta(seconds=self.get_session_cookie_age())

    def get_expiry_age(self, **given: Any) -> int:
        """Seconds until the end."""
        return max(0, round((self.get_expiry_date() - timezone.now()).total_seconds()))

    def _cipher(self) -> Fernet:
        digest = hashlib.sha256(b"the data of session " + (self.session_key or "").encode()).digest()
        return Fernet(base64.urlsafe_b64encode(digest))
