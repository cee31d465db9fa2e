"""What every answer of the partner API has in common, on its way out.

Whatever went wrong, and wherever, is a problem body; every answer has a request id; what was read has an ETag, and is
compressed where the program takes it.

Compression is safe here. What BREACH needs is an answer with a secret beside words of the attacker's, asked for many
times by a browser that sends the victim's credentials along. No browser does that with a key in `Authorization`, and
secrets are in answers to writes alone, which are not compressed.
"""

import hashlib
import time
import uuid
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import get_conditional_response, patch_vary_headers

from vendor_admin.partner_api.exception_handler import problem_of_error, problem_of_status
from vendor_admin.partner_api.problems import MEDIA_TYPE
from vendor_admin.partner_api.reading.ages import AgingResponse, without_ages
from vendor_admin.partner_api.request_errors import InvalidRequest
from vendor_admin.partner_api.request_log import recording

PATH: Final = "/api/"
# Pages for people.
DOCUMENTATION: Final = "/api/docs"
REVALIDATE: Final = "private, no-cache"
MOST_PARAMETERS: Final = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
_READS = frozenset({"GET", "HEAD"})
# What a problem keeps of the answer whose place it takes.
_KEPT = ("Allow", "Retry-After", "WWW-Authenticate")
# What "not modified" says beside Django's choice.
_OF_EVERY_ANSWER = ("RateLimit", "RateLimit-Policy", "Vendor-Admin-Version")


class ApiAnswersMiddleware:
    """The outermost of what looks at a request to the partner API, so that it sees every answer.

    Sets `request.request_id`, and refuses addresses that no text of ours can hold.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._gzip = GZipMiddleware(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_api(request):
            return self.get_response(request)
        began = time.monotonic()
        request_id = uuid.uuid4().hex
        setattr(request, "request_id", request_id)  # noqa: B010 - what Django's class does not declare
        final = _finished(request, self._answer(request))
        sent: Any = final
        if request.method in _READS:
            sent = _conditional(request, final)
            sent = self._gzip.process_response(request, sent)
        sent.headers["X-Request-ID"] = request_id
        recording.record_after(sent, request=request, answer=final, seconds=lambda: time.monotonic() - began)
        return sent

    def _answer(self, request: HttpRequest) -> HttpResponse:
        try:
            refuse_unreadable_address(request)
        except InvalidRequest as refused:
            return _whole(problem_of_error(request, refused))
        return self.get_response(request)


def is_api(request: HttpRequest) -> bool:
    """Whether a request is to the partner API itself, and not to its documentation."""
    path = request.path_info
    return path.startswith(PATH) and not path.startswith(DOCUMENTATION)


def refuse_unreadable_address(request: HttpRequest) -> None:
    """Raise InvalidRequest for an address with NUL, with what is no UTF-8 (halves of surrogate pairs among it), or with
    more parameters than Django reads.
    """
    written = request.META.get("QUERY_STRING", "")
    if written.count("&") >= MOST_PARAMETERS:
        raise InvalidRequest(f"The address has more than {MOST_PARAMETERS:,} parameters.")
    try:
        query = unquote_to_bytes(written).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("The address is not UTF-8.", code="invalid_characters") from None
    # What is no UTF-8 in a path stays encoded, and so leads nowhere.
    if "\x00" in request.path_info + query:
        raise InvalidRequest("The address holds NUL.", code="invalid_characters")


def etag_of(response: HttpResponse) -> str:
    """The ETag of an answer's body: a weak one, of what does not age, where it says how old things are."""
    is_aging = isinstance(response, AgingResponse)
    body = without_ages(response.content) if is_aging else response.content
    digest = hashlib.sha256(body).hexdigest()[:32]
    return f'W/"{digest}"' if is_aging else f'"{digest}"'


def _finished(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The answer itself, or a problem in place of a page for people."""
    is_problem = response.headers.get("Content-Type", "").startswith(MEDIA_TYPE)
    if response.status_code < 400 or is_problem:
        return response
    problem = problem_of_status(request, status=response.status_code)
    for name in _KEPT:
        if name in response.headers:
            problem.headers[name] = response.headers[name]
    return _whole(problem)


def _whole(problem: HttpResponse) -> HttpResponse:
    """A problem that was made out here, with the headers that others get further in."""
    problem.headers["Cache-Control"] = "private, no-store"
    problem.headers["Content-Length"] = str(len(problem.content))
    return problem


def _conditional(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The answer with its ETag, or "not modified" where the program has it already."""
    if response.status_code != 200 or response.streaming:
        return response
    if "ETag" not in response.headers:
        response.headers["ETag"] = etag_of(response)
    # What was read may be kept by its reader, who asks each time whether it still holds; no one else keeps it.
    response.headers["Cache-Control"] = REVALIDATE
    patch_vary_headers(response, ["Authorization"])
    sent: Any = get_conditional_response(request, etag=response.headers["ETag"], response=response)
    for name in _OF_EVERY_ANSWER:
        if name in response.headers:
            sent.headers[name] = response.headers[name]
    return sent
