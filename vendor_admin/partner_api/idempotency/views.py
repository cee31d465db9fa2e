"""What views that change something inherit from, so that their requests may be repeated."""

from typing import Any, cast

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from vendor_admin.partner_api.authentication import Token
from vendor_admin.partner_api.idempotency import saved_answers
from vendor_admin.partner_api.idempotency.request_digest import digest_of
from vendor_admin.partner_api.idempotency.saved_answers import Answer

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
REPLAYED = "Idempotent-Replayed"
# What belongs to the one answer and not to its repeats.
_OWN_HEADERS = frozenset({"allow", "content-length", "content-type", "vary"})


class _Replay(Exception):
    """The request was answered before."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__("the saved answer is given again")
        self.response = response


class IdempotentWrites(APIView):
    """Runs each write once, however often its request comes: the answer is kept in the transaction of the write.

    Put it first among a view's bases. Only answers of 2xx are kept; any other rolls back what the view did, so that
    the request can be sent again with the same key, mended or not.
    """

    _claimed: tuple[str, str] | None = None

    def needs_key(self, request: Request) -> bool:
        """Whether the request changes something. A view may say that a dry run does not."""
        return request.method in WRITES

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After the caller is known and may do this, and before the view is asked to."""
        super().initial(request, *args, **kwargs)
        if request.method not in self.allowed_methods or not self.needs_key(request):
            return
        key = saved_answers.read_key(request.headers.get("Idempotency-Key"))
        digest = digest_of(
            method=str(request.method),
            path=request.path,
            query=[(name, value) for name, values in request.query_params.lists() for value in values],
            body=request.data,
        )
        token = cast(Token, request.auth)
        answer = saved_answers.claim(
            organization=token.organization, key=key, digest=digest, caller=token.actor.key, now=timezone.now()
        )
        if answer is not None:
            raise _Replay(_again(answer))
        self._claimed = (key, digest)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, _Replay):
            return cast(Response, exc.response)
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        if self._claimed is None:
            return final
        if not 200 <= final.status_code < 300:
            set_rollback()
            return final
        if isinstance(final, Response):
            final.render()
        key, digest = self._claimed
        token = cast(Token, request.auth)
        saved_answers.keep(
            organization=token.organization,
            key=key,
            digest=digest,
            caller=token.actor.key,
            answer=_kept(final),
            now=timezone.now(),
        )
        return final


def _kept(response: HttpResponse) -> Answer:
    own = {name: value for name, value in response.headers.items() if name.lower() not in _OWN_HEADERS}
    headers = own | {"Content-Type": response.headers.get("Content-Type", "application/json")}
    return Answer(status=response.status_code, body=response.content.decode(), headers=headers)


def _again(answer: Answer) -> HttpResponse:
    response = HttpResponse(answer.body.encode(), status=answer.status)
    for name, value in answer.headers.items():
        response.headers[name] = value
    response.headers[REPLAYED] = "true"
    return response
