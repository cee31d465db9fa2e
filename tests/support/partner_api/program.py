"""A program of a partner with an API key, which calls the partner API over its real addresses."""

from dataclasses import dataclass, field
from typing import Any

from django.test import Client
from django.utils import timezone

from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.partner_api.keys.verbs import make_key
from vendor_admin.partner_api.models import ApiKey
from vendor_admin.partner_api.scopes import PARTNER_SCOPES

EVERY_SCOPE = tuple(scope.name for scope in PARTNER_SCOPES)


@dataclass
class ApiProgram:
    """`get`, `post`, … send its key along, and JSON; the test client's other arguments go through."""

    key: ApiKey
    text: str
    client: Client = field(default_factory=Client)

    @classmethod
    def of(
        cls,
        organization: Organization,
        *,
        scopes: tuple[str, ...] = EVERY_SCOPE,
        name: str = "Nightly job",
        **more: Any,
    ) -> "ApiProgram":
        values: dict[str, Any] = {"actor": Actor.staff("alice"), "now": timezone.now()} | more
        made = make_key(organization=organization, name=name, scopes=scopes, **values)
        return cls(made.key, made.text)

    def get(self, path: str, **more: Any) -> Any:
        return self.send("get", path, **more)

    def post(self, path: str, data: Any = None, **more: Any) -> Any:
        return self.send("post", path, data=data, **more)

    def patch(self, path: str, data: Any = None, **more: Any) -> Any:
        return self.send("patch", path, data=data, **more)

    def delete(self, path: str, **more: Any) -> Any:
        return self.send("delete", path, **more)

    def send(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> Any:
        """A body goes as JSON. Other headers are added; a header of an empty text is left out."""
        if method not in ("get", "head", "options"):
            more.setdefault("content_type", "application/json")
        own = {"Authorization": f"Bearer {self.text}"} | (headers or {})
        sent = {name: value for name, value in own.items() if value}
        return getattr(self.client, method)(path, headers=sent, **more)
