"""What machines ask: whether this process lives, whether it can serve, and numbers."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

from booking_portal.oversight import health, measures
from booking_portal.oversight.monitor import has_token


def livez(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers at all; nothing else is asked."""
    return _word("ok")


def readyz(request: HttpRequest) -> HttpResponse:
    """200 while this process can serve pages: 503 without the database, and for nothing else.

    Pages need neither Redis nor the worker nor any practice.
    """
    return _word("ok") if health.database_answers() else _word("not ready", 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus, which shows MONITORING_TOKEN; nobody else is told anything."""
    if not has_token(request):
        return _word("no", 403)
    answer = _word("")
    answer.content = measures.page()
    answer.headers["Content-Type"] = measures.CONTENT_TYPE
    return answer


ADDRESSES: Final[dict[str, Callable[[HttpRequest], HttpResponse]]] = {
    "/livez": livez,
    "/readyz": readyz,
    "/metrics": metrics,
}


class MachineAddresses:
    """Answers machines before anything that is done for a page.

    Orchestrators and monitoring systems ask a process by its own address, over plain HTTP: no
    host name, no redirect to HTTPS, no session. But for /metrics nothing is said but a word.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answers = ADDRESSES.get(request.path_info)
        if answers is None:
            return self.get_response(request)
        if request.method not in {"GET", "HEAD"}:
            return _word("only GET", 405)
        return answers(request)


def _word(word: str, status: int = 200) -> HttpResponse:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(word + "\n", status=status, content_type="text/plain", headers=headers)
