"""The control listener: faults, records and reset, for tests and demonstrations."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import clock, london, seeding
from sandbox.access_tokens import KEY_ID
from sandbox.appointment_book import rewrite, take
from sandbox.people import Person
from sandbox.practices import Practice
from sandbox.provider import resources
from sandbox.provider.changes import slot_ids
from sandbox.services import Services
from sandbox.store import AppointmentRecord


def application(services: Services) -> Starlette:
    """The ASGI application of the control listener."""
    control = _Control(services)
    return Starlette(
        routes=[
            Route("/healthz", control.health, methods=["GET"]),
            Route("/reset", control.reset, methods=["POST"]),
            Route("/clock", control.clock, methods=["GET", "PUT", "DELETE"]),
            Route("/certificates", control.certificates, methods=["PUT"]),
            Route("/patients", control.patients, methods=["GET"]),
            Route("/pds/{number}", control.pds_record, methods=["PUT"]),
            Route("/practices", control.practices, methods=["GET"]),
            Route("/practices/{ods}/appointments", control.appointments, methods=["GET"]),
            Route("/practices/{ods}/start-again", control.start_again, methods=["POST"]),
            Route("/practices/{ods}/registration", control.register, methods=["PUT"]),
            Route("/practices/{ods}/appointments/{appointment}", control.change, methods=["PATCH"]),
            Route("/practices/{ods}/slots/{slot}/take", control.take_slot, methods=["POST"]),
            Route("/chronicle", control.chronicle, methods=["GET"]),
            Route("/exchanges", control.exchanges, methods=["GET", "DELETE"]),
            Route("/exchanges/brief", control.exchanges_in_brief, methods=["GET"]),
            Route("/sign-ins", control.sign_in, methods=["POST"]),
            Route("/faults", control.faults, methods=["GET", "PUT", "DELETE"]),
        ]
    )


class _Control:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def health(self, request: Request) -> Response:
        """It listens, so it is well."""
        return JSONResponse({"status": "ok"})

    async def reset(self, request: Request) -> Response:
        """Back to the seeded state of today by the real clock, or of the moment `now`."""
        now = request.query_params.get("now")
        try:
            self._services.reset(london.read_date_time(now) if now else None)
        except ValueError as error:
            return JSONResponse({"error": f"now: {error}"}, 400)
        return JSONResponse({"status": "reset"})

    async def clock(self, request: Request) -> Response:
        """What time it is; PUT sets it and leaves all else, DELETE sets it back to the real one."""
        if request.method == "DELETE":
            clock.set_back()
        if request.method == "PUT":
            try:
                clock.set_to(london.read_date_time(str((await _object(request)).get("now"))))
            except ValueError as error:
                return JSONResponse({"error": f"now: {error}"}, 400)
        return JSONResponse({"now": london.written(clock.now())})

    async def certificates(self, request: Request) -> Response:
        """Take over the certificates, authorities and PDS key of another directory; reset ends it.

        With `pds_key_id` PDS knows the application's key by that id.
        """
        wish = await _object(request)
        try:
            self._services.identities.take(
                Path(str(wish["directory"])), str(wish.get("pds_key_id", KEY_ID))
            )
        except (KeyError, OSError) as error:
            return JSONResponse({"error": f"directory: {error}"}, 400)
        return JSONResponse({"status": "taken over"})

    async def patients(self, request: Request) -> Response:
        """The synthetic patients, or those of one registered practice."""
        practice = request.query_params.get("practice")
        return JSONResponse(
            [
                _person(person)
                for person in self._services.people
                if practice in {None, "", person.practice, *person.at}
            ]
        )

    async def pds_record(self, request: Request) -> Response:
        """What PDS answers of this number from now on, as a FHIR resource; reset forgets it."""
        try:
            self._services.pds_records[request.path_params["number"]] = await _object(request)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"status": "kept"})

    async def practices(self, request: Request) -> Response:
        """The practices with what the Spine knows of them."""
        return JSONResponse(
            [
                {
                    "ods": one.ods,
                    "name": one.name,
                    "town": one.address.city,
                    "telephone": one.telephone,
                    "asid": one.asid,
                    "service_root": one.service_root,
                    "flavour": asdict(one.flavour),
                }
                for one in self._services.spine.practices
            ]
        )

    async def appointments(self, request: Request) -> Response:
        """The practice's own record of its appointments, of all patients or one."""
        practice = self._practice(request)
        number = request.query_params.get("nhs_number") or None
        listed = [
            self._appointment(practice, record)
            for record in self._services.store.appointments_at(practice.ods)
        ]
        return JSONResponse([one for one in listed if number in {None, one["patient_nhs_number"]}])

    async def register(self, request: Request) -> Response:
        """The practice changes its system: another ASID, another service root, or both."""
        practice = self._practice(request)
        wish = await _object(request)
        if not wish or set(wish) - {"asid", "service_root"}:
            return JSONResponse({"error": "give asid, service_root or both"}, 400)
        changed = replace(
            practice,
            asid=str(wish.get("asid", practice.asid)),
            service_root=str(wish.get("service_root", practice.service_root)),
        )
        self._services.spine = self._services.spine.with_practice(changed)
        return JSONResponse({"status": "registered"})

    async def take_slot(self, request: Request) -> Response:
        """Another patient takes the slot."""
        practice = self._practice(request)
        taken = take(
            self._services.store, self._services.spine, practice, request.path_params["slot"]
        )
        if not taken:
            return JSONResponse({"error": "the slot is not there or not free"}, 409)
        return JSONResponse({"status": "taken"})

    async def change(self, request: Request) -> Response:
        """The practice's desk writes elements of an appointment anew; null takes one out."""
        elements = await request.json()
        practice, appointment = self._practice(request), request.path_params["appointment"]
        if not rewrite(self._services.store, practice, appointment, elements):
            return JSONResponse({"error": "the appointment is not there"}, 404)
        return JSONResponse({"status": "changed"})

    async def start_again(self, request: Request) -> Response:
        """The practice's nightly reset: what was booked is gone, and its ids come round again."""
        practice = self._practice(request)
        seeding.start_again(self._services.store, practice, self._services.people)
        return JSONResponse({"status": "reset"})

    async def exchanges(self, request: Request) -> Response:
        """The last requests that reached the SSP; DELETE forgets them."""
        if request.method == "DELETE":
            self._services.recorder.forget()
        return JSONResponse(self._services.recorder.listed())

    async def exchanges_in_brief(self, request: Request) -> Response:
        """Many more of them: trace id, instant, use case, practice, status, fault."""
        return JSONResponse(self._services.recorder.in_brief())

    async def chronicle(self, request: Request) -> Response:
        """Each version of each appointment and patient's record at all practices, as written.

        `after` leaves out those up to that number.
        """
        after = int(request.query_params.get("after", "0"))
        return JSONResponse([asdict(entry) for entry in self._services.store.chronicle(after)])

    async def sign_in(self, request: Request) -> Response:
        """A user signs in with CIS2, choosing a role profile: the access token of that."""
        try:
            session_urid = (await _object(request)).get("session_urid")
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        if not isinstance(session_urid, str) or not session_urid:
            return JSONResponse({"error": "give a session_urid"}, 400)
        return JSONResponse({"access_token": self._services.access_tokens.sign_in(session_urid)})

    async def faults(self, request: Request) -> Response:
        """The faults; PUT adds one, DELETE clears them all."""
        if request.method == "DELETE":
            self._services.faults.clear()
        if request.method == "PUT":
            try:
                self._services.faults.add(await _object(request))
            except ValueError as error:
                return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(self._services.faults.listed())

    def _practice(self, request: Request) -> Practice:
        practice = self._services.spine.practice(request.path_params["ods"])
        if practice is None:
            raise HTTPException(404, "no such practice")
        return practice

    def _appointment(self, practice: Practice, record: AppointmentRecord) -> dict[str, Any]:
        patient = self._services.store.patient(practice.ods, record.patient)
        content: Mapping[str, Any] = record.resource
        return {
            "id": record.id,
            "status": content["status"],
            "patient_nhs_number": patient.nhs_number if patient else None,
            "slots": slot_ids(record),
            "start": content["start"],
            "end": content["end"],
            "description": content["description"],
            "comment": content.get("comment"),
            "version": practice.flavour.version(record.version),
            "booked_by": record.booked_by,
            "created": content["created"],
            "identifier": content.get("identifier", []),
            "cancellation_reason": next(
                (
                    extension["valueString"]
                    for extension in content["extension"]
                    if extension["url"] == resources.CANCELLATION_REASON
                ),
                None,
            ),
        }


async def _object(request: Request) -> dict[str, Any]:
    body = await request.json()
    if not isinstance(body, dict):
        raise ValueError("not a JSON object")
    return body


def _person(person: Person) -> dict[str, Any]:
    return {
        "nhs_number": person.nhs_number,
        "family": person.family,
        "given": list(person.given),
        "prefix": person.prefix,
        "gender": person.gender,
        "birth_date": person.birth_date.isoformat(),
        "postcode": person.address.postcode,
        "address": list(person.address.lines),
        "telephones": dict(person.telephones),
        "email": person.email,
        "practice": person.practice or None,
        "pds": person.pds,
        "at": dict(person.at),
        "note": person.note,
    }
