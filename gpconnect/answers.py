"""From an answer's bytes to the resource that was promised, or to the error that it is."""

from gpconnect.error_evidence import failure
from gpconnect.errors import GPConnectError, Origin
from gpconnect.fhir import parsing
from gpconnect.fhir.elements import Json
from gpconnect.fhir.outcome import refusal
from gpconnect.interactions import SEARCH_FREE_SLOTS, Interaction
from gpconnect.wire import WireAnswer

_JSON_TYPES = ("application/fhir+json", "application/json", "application/json+fhir")


def resource(
    answer: WireAnswer, trace_id: str, interaction: Interaction, kind: str, identity: str = ""
) -> Json:
    """The answer's resource, of the promised kind (and id, where one was asked for).

    Raises: Refused or RefusedBySpine for what is no success, UnreadableAnswer. [ERR-1]
    """
    success = answer.status in (200, 201)
    document, unreadable = _document(answer, interaction)
    if not success:
        if not 400 <= answer.status < 600:  # another success, or a status that HTTP has not
            raise _error("UNEXPECTED_STATUS", interaction, answer, trace_id)
        raise refusal(interaction, answer.status, document, trace_id)
    if document is None:
        raise _error(unreadable, interaction, answer, trace_id)
    if document.get("resourceType") != kind or (identity and document.get("id") != identity):
        raise _error("WRONG_RESOURCE", interaction, answer, trace_id)
    return document


def wrong_resource(interaction: Interaction, answer: WireAnswer, trace_id: str) -> GPConnectError:
    """The error for a resource that is not what it should be."""
    return _error("WRONG_RESOURCE", interaction, answer, trace_id)


def _document(answer: WireAnswer, interaction: Interaction) -> tuple[Json | None, str]:
    """The JSON object, or None and the code that says why there is none.

    Of free slots each is good by itself: those that are whole are kept when others are not.
    """
    if not answer.body.strip():
        return None, "EMPTY_ANSWER"
    content_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type not in _JSON_TYPES:
        return None, "WRONG_CONTENT_TYPE"
    try:
        document = parsing.parse(answer.body)
    except (ValueError, RecursionError):
        if interaction is not SEARCH_FREE_SLOTS or answer.status != 200:
            return None, "INVALID_JSON"
        try:
            document = parsing.salvage(answer.body)
        except ValueError:
            return None, "INVALID_JSON"
    return (document, "") if isinstance(document, dict) else (None, "WRONG_RESOURCE")


def _error(
    code: str, interaction: Interaction, answer: WireAnswer, trace_id: str
) -> GPConnectError:
    return failure(
        code,
        origin=Origin.PRACTICE,
        interaction=interaction,
        status=answer.status,
        trace_id=trace_id,
    )
