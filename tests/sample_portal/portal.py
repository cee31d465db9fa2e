"""A partner's portal in one file, as its developer would write it: it imports nothing of Vendor Admin.

It knows the issuer, a client id and a secret; everything else it reads at the issuer. Authlib does the protocol.

    PORTAL_CLIENT_SECRET=vas_… python portal.py --port 8070 --issuer http://localhost:8000/o/northwind-funding \
        --client-id vac_…

Sessions are kept in memory: it is a sample.
"""

import argparse
import html
import os
import secrets
import time
from collections.abc import Callable, Iterable
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, make_server

import requests
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

SCOPE = "openid profile email entitlements"
COOKIE = "sample_portal"
SECONDS = 10
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Trader Desk</title><link rel="icon" href="data:,">
<style>
body {{ font: 17px/1.6 system-ui, sans-serif; max-width: 40rem; margin: 6vh auto; padding: 0 1rem; color: #23201b; }}
h1 {{ font-size: 1.6rem; }} dt {{ color: #6b655b; }} dd {{ margin: 0 0 .6rem; overflow-wrap: anywhere; }}
a.button, button {{ display: inline-block; padding: .7rem 1.2rem; border: 0; border-radius: .5rem; background: #8a3b12;
  color: #fff; font: inherit; font-weight: 600; text-decoration: none; cursor: pointer; }}
</style></head><body>{body}<p><small>A sample portal. It knows its issuer, <code>{issuer}</code>, and nothing
else.</small></p></body></html>"""

StartResponse = Callable[[str, list[tuple[str, str]]], object]


class SignInFailed(Exception):
    """The sign-in ended without a member; the text is for the page."""


class Portal:
    """The portal as a WSGI program."""

    def __init__(self, *, address: str, issuer: str, client_id: str, client_secret: str) -> None:
        self.address, self.issuer = address, issuer
        self.client_id, self.client_secret = client_id, client_secret
        self.callback = f"{address}/callback"
        self.sessions: dict[str, dict[str, Any]] = {}

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(COOKIE)
        key = cookie.value if cookie and cookie.value in self.sessions else secrets.token_urlsafe(24)
        session = self.sessions.setdefault(key, {})
        query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        headers = [("Set-Cookie", f"{COOKIE}={key}; HttpOnly; SameSite=Lax; Path=/")]
        try:
            status, body, more = self._answer(environ["REQUEST_METHOD"], environ["PATH_INFO"], query, session)
        except SignInFailed as failed:
            session["failed"] = str(failed)
            status, body, more = "303 See Other", "", [("Location", "/")]
        content = PAGE.format(body=body, issuer=html.escape(self.issuer)).encode()
        start_response(status, [("Content-Type", "text/html; charset=utf-8"), *headers, *more])
        return [content]

    def _answer(
        self, method: str, path: str, query: dict[str, str], session: dict[str, Any]
    ) -> tuple[str, str, list[tuple[str, str]]]:
        if path == "/":
            return "200 OK", _home(session.get("member"), session.pop("failed", "")), []
        if path == "/sign-in":
            return "303 See Other", "", [("Location", self._start(session))]
        if path == "/callback":
            session["member"] = self._finish(query, session)
            return "303 See Other", "", [("Location", "/")]
        if path == "/sign-out" and method == "POST":
            session.clear()
            return "303 See Other", "", [("Location", "/")]
        return "404 Not Found", "<h1>No such page</h1>", []

    def _provider(self) -> dict[str, Any]:
        """Where everything is, as the issuer says."""
        found: dict[str, Any] = _get(f"{self.issuer}/.well-known/openid-configuration")
        if found["issuer"] != self.issuer:
            raise SignInFailed("The issuer's document is of another issuer.")
        return found

    def _client(self, **more: Any) -> OAuth2Session:
        return OAuth2Session(
            self.client_id,
            self.client_secret,
            scope=SCOPE,
            redirect_uri=self.callback,
            code_challenge_method="S256",
            default_timeout=SECONDS,
            **more,
        )

    def _start(self, session: dict[str, Any]) -> str:
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        address, state = self._client().create_authorization_url(
            self._provider()["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
        session["departure"] = {"state": state, "verifier": verifier, "nonce": nonce}
        return str(address)

    def _finish(self, query: dict[str, str], session: dict[str, Any]) -> dict[str, Any]:
        """The member behind an answer of the issuer."""
        departure = session.pop("departure", None)
        if departure is None or not secrets.compare_digest(departure["state"], query.get("state", "")):
            raise SignInFailed("This answer belongs to no sign-in that was begun here.")
        if query.get("iss") != self.issuer:
            raise SignInFailed("This answer is of another issuer.")
        if "error" in query:
            raise SignInFailed(query.get("error_description") or query["error"])
        provider = self._provider()
        tokens = self._client(state=departure["state"]).fetch_token(
            provider["token_endpoint"],
            grant_type="authorization_code",
            code=query["code"],
            code_verifier=departure["verifier"],
        )
        sub = self._sub_of(tokens["id_token"], provider, nonce=departure["nonce"])
        told = _get(provider["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"})
        return about_one_member(told, sub=sub)

    def _sub_of(self, id_token: str, provider: dict[str, Any], *, nonce: str) -> str:
        """Whom the ID token is about, after every check of it."""
        token = jwt.decode(id_token, KeySet.import_key_set(_get(provider["jwks_uri"])), algorithms=["RS256"])
        jwt.JWTClaimsRegistry(
            now=int(time.time()),
            leeway=30,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(token.claims)
        return str(token.claims["sub"])


def about_one_member(told: dict[str, Any], *, sub: str) -> dict[str, Any]:
    """What userinfo told, if it is about the member of the ID token."""
    if told.get("sub") != sub:
        raise SignInFailed("The issuer told of somebody else than signed in.")
    return told


def _home(member: dict[str, Any] | None, failed: str) -> str:
    if member is None:
        problem = f"<p>You are not signed in: {html.escape(failed)}</p>" if failed else ""
        return (
            f"<h1>Trader Desk</h1>{problem}<p>Sign in with one button; there is no password to choose.</p>"
            "<p><a class='button' href='/sign-in'>Sign in with my prop firm</a></p>"
        )
    lines = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(_in_words(value))}</dd>" for name, value in member.items()
    )
    who = html.escape(str(member.get("name") or member.get("preferred_username") or member["sub"]))
    return (
        f"<h1>Welcome, {who}</h1><p>This is what the issuer told:</p><dl>{lines}</dl>"
        "<form method='post' action='/sign-out'><button>Sign out</button></form>"
    )


def _in_words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(one.get("title", one)) if isinstance(one, dict) else str(one) for one in value) or "–"
    return str(value)


def _get(url: str, **kwargs: Any) -> Any:
    answer = requests.get(url, timeout=SECONDS, **kwargs)
    answer.raise_for_status()
    return answer.json()


class _Quiet(WSGIRequestHandler):
    """No line for each request: the addresses hold codes."""

    def log_message(self, *args: Any) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--issuer", required=True)
    parser.add_argument("--client-id", required=True)
    given = parser.parse_args()
    portal = Portal(
        address=f"http://localhost:{given.port}",
        issuer=given.issuer,
        client_id=given.client_id,
        client_secret=os.environ["PORTAL_CLIENT_SECRET"],
    )
    with make_server("127.0.0.1", given.port, portal, handler_class=_Quiet) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
