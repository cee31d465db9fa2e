"""The pages under `/oauth`: HTTP in, one step of a visit, HTTP out. Holds no rules."""

import asyncio
import json
import urllib.parse

from starlette.requests import Request
from starlette.responses import Response

from vendor_admin.sandbox.ledger import Line
from vendor_admin.sandbox.oauth.authorization import BadAuthorizationError, SendBackError, Visit, address_with
from vendor_admin.sandbox.oauth.faults import PAGE_FAULTS, PageFault
from vendor_admin.sandbox.oauth.members import SignInRefusedError
from vendor_admin.sandbox.oauth.secrets import hashed
from vendor_admin.sandbox.platform import Platform, epoch_now
from vendor_admin.sandbox.serving.oauth_page_texts import consent_page, error_page, sign_in_page

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
}
BACK_FAULTS = frozenset(PageFault) - PAGE_FAULTS
WORDS = {"access_denied": "The user refused", "server_error": "Something went wrong"}


class OAuthPages:
    """The three steps: the client's request, the sign-in form, the consent form."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._oauth = platform.oauth

    async def authorize(self, request: Request) -> Response:
        """`GET /oauth`: the sign-in form, an error page, or straight back with an error."""
        query = request.query_params.multi_items()
        client_id = request.query_params.get("client_id", "")
        self._received("oauth", client_id, {name: hashed(value) if name == "state" else value for name, value in query})
        down = await self._down("oauth", client_id)
        if down is not None:
            return down
        try:
            visit = self._oauth.authorizations.begin(query, now=epoch_now())
        except BadAuthorizationError as error:
            return self._dead_end("oauth", client_id, str(error))
        except SendBackError as error:
            return self._send_back("oauth", error.visit, error=error.error, error_description=error.description)
        return self._page("oauth", client_id, "sign-in form", self._form(visit))

    async def sign_in(self, request: Request) -> Response:
        """`POST /oauth/sign-in`: the consent form, or the sign-in form again with a complaint."""
        fields = await _form(request)
        visit = await self._visit("oauth/sign-in", fields)
        if isinstance(visit, Response):
            return visit
        client_id = visit.client.client_id
        if fields.get("action") == "cancel":
            return self._refusal("oauth/sign-in", visit)
        quick = {f"quick:{member.user_id}": member for member in self._oauth.members.quick(visit.client.organization)}
        if fields.get("action") in quick:
            visit.member = quick[fields["action"]]
            return self._allow("oauth/sign-in", visit)
        login = fields.get("login", "")
        try:
            visit.member = self._oauth.members.sign_in(login, fields.get("password", ""), now=epoch_now())
        except SignInRefusedError as error:
            html = self._form(visit, login=login, complaint=str(error))
            return self._page("oauth/sign-in", client_id, f"sign-in form: {error}", html)
        return self._page("oauth/sign-in", client_id, "consent form", consent_page(visit, visit.member))

    async def consent(self, request: Request) -> Response:
        """`POST /oauth/consent`: back to the client with a code, or with `access_denied`."""
        fields = await _form(request)
        visit = await self._visit("oauth/consent", fields)
        if isinstance(visit, Response):
            return visit
        if fields.get("decision") != "allow":
            return self._refusal("oauth/consent", visit)
        return self._allow("oauth/consent", visit)

    def _form(self, visit: Visit, **more: str) -> str:
        return sign_in_page(visit, quick=self._oauth.members.quick(visit.client.organization), **more)

    def _allow(self, endpoint: str, visit: Visit) -> Response:
        rule = self._oauth.faults.take_page(client_id=visit.client.client_id, faults=BACK_FAULTS)
        fault = rule.fault if rule else None
        if fault in (PageFault.SERVER_ERROR, PageFault.UNAVAILABLE):
            self._oauth.authorizations.end(visit)
            return self._send_back(endpoint, visit, error=fault.value, error_description=WORDS["server_error"])
        try:
            code = self._oauth.authorizations.agree(visit, now=epoch_now())
        except BadAuthorizationError as error:
            return self._dead_end(endpoint, visit.client.client_id, str(error))
        if fault is PageFault.WRONG_STATE:
            visit.state = "sandbox-another-state"
        elif fault is PageFault.NO_STATE:
            visit.state = None
        return self._send_back(endpoint, visit, code=code)

    async def _visit(self, endpoint: str, fields: dict[str, str]) -> Visit | Response:
        """The visit that a form belongs to, or the answer to give instead."""
        try:
            visit = self._oauth.authorizations.visit(fields.get("visit", ""), now=epoch_now())
        except BadAuthorizationError as error:
            self._received(endpoint, "", _shown(fields))
            return await self._down(endpoint, "") or self._dead_end(endpoint, "", str(error))
        self._received(endpoint, visit.client.client_id, _shown(fields))
        return await self._down(endpoint, visit.client.client_id) or visit

    async def _down(self, endpoint: str, client_id: str) -> Response | None:
        """What a page answers in maintenance or by order of the control door."""
        rule = self._oauth.faults.take_page(client_id=client_id, faults=PAGE_FAULTS)
        if rule is not None and rule.fault is PageFault.SLOW:
            await asyncio.sleep(rule.seconds)
        elif rule is not None or self._platform.in_maintenance:
            return self._page(endpoint, client_id, "down", error_page("The platform is under maintenance."), 503)
        return None

    def _refusal(self, endpoint: str, visit: Visit) -> Response:
        self._oauth.authorizations.end(visit)
        return self._send_back(endpoint, visit, error="access_denied", error_description=WORDS["access_denied"])

    def _send_back(self, endpoint: str, visit: Visit, **parameters: str) -> Response:
        address = address_with(visit.redirect_uri, **parameters, state=visit.state)
        shown = {name: hashed(value) if name == "code" else value for name, value in parameters.items()}
        shown |= {"state": hashed(visit.state)} if visit.state is not None else {}
        self._sent(endpoint, visit.client.client_id, {"status": 303, "redirect_uri": visit.redirect_uri, **shown})
        return Response(status_code=303, headers={**HEADERS, "Location": address})

    def _dead_end(self, endpoint: str, client_id: str, text: str) -> Response:
        return self._page(endpoint, client_id, f"error: {text}", error_page(text), 400)

    def _page(self, endpoint: str, client_id: str, what: str, html: str, status: int = 200) -> Response:
        self._sent(endpoint, client_id, {"status": status, "page": what})
        return Response(html, status, headers=HEADERS, media_type="text/html")

    def _received(self, endpoint: str, client_id: str, fields: dict[str, str]) -> None:
        self._note(endpoint, client_id, fields, direction="received")

    def _sent(self, endpoint: str, client_id: str, fields: dict[str, object]) -> None:
        self._note(endpoint, client_id, fields, direction="sent")

    def _note(self, endpoint: str, client_id: str, fields: dict[str, str] | dict[str, object], direction: str) -> None:
        client = self._oauth.clients.get(client_id)
        line = Line(None, client.organization.name if client else "", "")
        self._platform.ledger.note(line, direction=direction, kind="oauth", endpoint=endpoint, text=json.dumps(fields))


async def _form(request: Request) -> dict[str, str]:
    body = (await request.body()).decode("utf-8", "replace")
    return dict(urllib.parse.parse_qsl(body, keep_blank_values=True))


def _shown(fields: dict[str, str]) -> dict[str, str]:
    """The fields of a form as the ledger may keep them."""
    return {
        name: hashed(value) if name in ("visit", "password") else value
        for name, value in fields.items()
        if name in ("visit", "login", "password", "action", "decision")
    }
