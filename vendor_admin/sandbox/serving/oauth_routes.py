"""Where the OAuth pages are: `/oauth…`, and the exchange and `auth/me` with and without `/v1`."""

from collections.abc import Awaitable, Callable

from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vendor_admin.sandbox.platform import Platform
from vendor_admin.sandbox.serving.oauth_exchange import answer_exchange
from vendor_admin.sandbox.serving.oauth_pages import OAuthPages
from vendor_admin.tradovate.enums import Environment


class _Host(PathConvertor):
    regex = "|".join(Environment)


class _Exchange(PathConvertor):
    regex = "(?:v1/)?auth/(?i:oauthtoken)"


class _Me(PathConvertor):
    regex = "auth/(?i:me)"


register_url_convertor("host", _Host())
register_url_convertor("exchange", _Exchange())
register_url_convertor("me", _Me())


def oauth_routes(platform: Platform, rest: Callable[[Request], Awaitable[Response]]) -> list[Route]:
    """The routes to put before the others; `rest` answers an ordinary call."""
    pages = OAuthPages(platform)

    async def exchange(request: Request) -> Response:
        return await answer_exchange(platform, request)

    return [
        Route("/oauth", pages.authorize, methods=["GET"]),
        Route("/oauth/sign-in", pages.sign_in, methods=["POST"]),
        Route("/oauth/consent", pages.consent, methods=["POST"]),
        Route("/{environment:host}/{endpoint:exchange}", exchange, methods=["GET", "POST"]),
        Route("/{environment:host}/{endpoint:me}", rest, methods=["GET"]),
    ]
