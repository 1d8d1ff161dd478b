"""Holds what the portal told, and what it holds, against what the practices wrote down."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from chaos.commands.records import Command, Practices, Saga
from chaos.commands.witness import Told

ITS_WORDS: Final = ("Amend", "Cancel", "Register", "Book", "Move")
DONE: Final = frozenset(
    {
        "Booked", "Booked, and cancelled since", "Changed", "Cancelled", "Registered",
        "Made, and cancelled since", "It was made after all", "It was changed after all",
        "It was cancelled after all", "The patient was registered after all",
        "Booked after all", "Changed after all", "Cancelled after all", "Registered after all",
        "The practice has confirmed; our record is catching up",
    }
)  # fmt: skip
NOT_DONE: Final = frozenset(
    {
        "Not booked", "This slot has just been taken", "Not changed", "Not cancelled",
        "Somebody else changed it first", "Not registered", "Withdrawn, and not made",
        "Withdrawn, and not changed", "Withdrawn, and not cancelled",
        "Withdrawn, and not registered",
    }
)  # fmt: skip
OPEN: Final = frozenset(
    {
        "Being sent", "Not confirmed yet", "Somebody has to ring the practice",
        "The practice recorded something else", "Withdrawn, and not settled yet",
        "Withdrawn, and somebody has to ring the practice",
        "We do not know yet, and our record is behind",
        "The practice does not show this appointment any more", "Could not be looked at just now",
    }
)  # fmt: skip
# What a saga's page claims by how it begins: what was booked, cancelled, registered by then.
SAGA_SAYS: Final[Mapping[str, frozenset[str]]] = {
    "Moved": frozenset({"book", "cancel"}),
    "The new one is booked": frozenset({"book"}),
    "The old one is cancelled": frozenset({"cancel"}),
    "Registered and booked": frozenset({"register", "book"}),
    "Registered,": frozenset({"register"}),
    "Both appointments are kept": frozenset({"book"}),
}
# What it denies: what can then never have been done.
SAGA_DENIES: Final[Mapping[str, str]] = {
    "Not moved": "book",
    "Not moved: the old one is kept": "cancel",
    "Not moved: the new one has been cancelled": "cancel",
    "The new one is booked, and the old one still stands": "",
    "The new one is being cancelled again": "cancel",
}
SAGA_OPEN: Final = frozenset(
    {
        "The patient has no appointment", "Ended: nothing more is booked",
        "The new one is being asked for", "The new one is not confirmed yet",
    }
)  # fmt: skip
THE_END: Final = float("inf")
# A practice that answers about something else, or that says itself that what the portal looks
# for is not there, leaves nothing for the portal to decide.
UNDECIDABLE: Final = frozenset({"other_slot", "other_patient", "not_found"})


@dataclass(slots=True)
class Findings:
    """What is wrong, each in a line for a person to read."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    told_wrongly: list[str] = field(default_factory=list)
    unknown_words: Counter[str] = field(default_factory=Counter)
    sending: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    attention: Counter[str] = field(default_factory=Counter)
    attention_for_nothing: list[str] = field(default_factory=list)
    cancelled_too_early: list[str] = field(default_factory=list)
    left_without: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a command did at the practice: when, and how often."""

    at: tuple[float, ...]

    @property
    def made(self) -> bool:
        return bool(self.at)


class Judge:
    """The practices' records against the portal's, at the end."""

    def __init__(
        self,
        commands: Sequence[Command],
        sagas: Sequence[Saga],
        practices: Practices,
        faults: Mapping[str, str],
    ) -> None:
        """`faults` gives the kind of fault by the trace id of the exchange that it struck."""
        self._commands = {command.id: command for command in commands}
        self._sagas = {saga.id: saga for saga in sagas}
        self._practices = practices
        self._faults = faults
        self._effects = {command.id: self._effect_of(command) for command in commands}

    def findings(self, told: Sequence[Told]) -> Findings:
        """Everything that is wrong."""
        found = Findings()
        self._lost_and_doubled(found)
        for one in told:
            self._told(one, found)
        for command in self._commands.values():
            self._standing(command, found)
        for saga in self._sagas.values():
            if saga.kind == "move":
                self._moved(saga, found)
        return found

    def _effect_of(self, command: Command) -> Effect:
        match command.kind:
            case "book":
                return Effect(tuple(at for _, at in self._practices.booked(command)))
            case "amend":
                return Effect(tuple(self._practices.amended(command)))
            case "cancel":
                return Effect(tuple(self._practices.cancelled(command)))
            case _:
                return Effect(tuple(self._practices.registrations(command)))

    def _lost_and_doubled(self, found: Findings) -> None:
        for command in self._commands.values():
            effect = self._effects[command.id]
            if len(effect.at) > 1:
                found.doubled.append(f"{_name(command)}: made {len(effect.at)} times")
            if effect.made and command.state not in {"done", "needs_attention"}:
                found.lost.append(f"{_name(command)}: made, and held to be {command.state}")
            if command.state == "done" and not self._was_so(command, THE_END):
                found.lost.append(f"{_name(command)}: held to be done, and never made")
        known = {trace_id for one in self._commands.values() for trace_id in one.trace_ids}
        for key, versions in self._practices.appointments.items():
            for version in versions:
                if version.trace_id and version.trace_id not in known:
                    found.lost.append(f"{key}: {version.text!r}, and no command knows of it")

    def _was_so(self, command: Command, at: float) -> bool:
        """Whether what was asked for was so at the practice by then, whoever had done it."""
        effect = self._effects[command.id]
        if any(when <= at for when in effect.at):
            return True
        if command.kind == "cancel":
            gone = self._practices.cancellations(command.practice, command.appointment_id)
            return any(version.at <= at for version in gone)
        if command.kind == "register":
            known = self._practices.registered.get((command.practice, command.nhs_number), [])
            return any(when <= at for when, _ in known)
        return False

    def _told(self, one: Told, found: Findings) -> None:
        command = self._commands.get(one.about)
        if one.about in self._sagas:
            self._told_of_saga(_bare(one.words), one.at, self._sagas[one.about], found)
        elif command is None:
            found.told_wrongly.append(f"{one.about}: {one.words}, of a command that is not there")
        else:
            self._told_of(command, _bare(one.words), one.at, found)

    def _told_of(self, command: Command, words: str, at: float, found: Findings) -> None:
        if words in DONE:
            if not self._was_so(command, at):
                found.told_wrongly.append(f"{_name(command)}: told {words!r}, not so then")
        elif words in NOT_DONE:
            if self._effects[command.id].made:
                found.told_wrongly.append(f"{_name(command)}: told {words!r}, and it was made")
        elif words not in OPEN:
            found.unknown_words[words] += 1

    def _told_of_saga(self, words: str, at: float, saga: Saga, found: Findings) -> None:
        """What a page says of both steps; before the second one, the first one's own words."""
        steps = {step.kind: step for step in self._steps_of(saga)}
        says = next((SAGA_SAYS[each] for each in SAGA_SAYS if words.startswith(each)), None)
        denies = SAGA_DENIES.get(words)
        if says is None and denies is None and words not in SAGA_OPEN:
            first = next(step for step in self._steps_of(saga) if step.step == "first")
            self._told_of(first, words, at, found)
        for kind in says or ():
            if kind not in steps or not self._was_so(steps[kind], at):
                found.told_wrongly.append(f"{saga.kind} {saga.id}: told {words!r}, no {kind}")
        if denies and denies in steps and self._effects[steps[denies].id].made:
            found.told_wrongly.append(f"{saga.kind} {saga.id}: told {words!r}, and {denies}")

    def _steps_of(self, saga: Saga) -> list[Command]:
        """Its two steps; undoing is told of by its own page."""
        steps = [one for one in self._commands.values() if one.saga == saga.id]
        return sorted((one for one in steps if one.step != "undo"), key=lambda one: one.created_at)

    def _standing(self, command: Command, found: Findings) -> None:
        if command.state == "sending":
            found.sending.append(_name(command))
        if command.state == "unconfirmed":
            found.unsettled.append(_name(command))
        if command.state == "needs_attention":
            kinds = {self._faults.get(trace_id, "") for trace_id in command.trace_ids}
            found.attention[f"{command.kind}: {command.reason}"] += 1
            if not kinds & UNDECIDABLE:
                found.attention_for_nothing.append(f"{_name(command)}: {command.reason}")

    def _moved(self, saga: Saga, found: Findings) -> None:
        """The old appointment never goes before the new one is there. [MOVE-1]"""
        steps = {one.step: one for one in self._commands.values() if one.saga == saga.id}
        made = self._practices.booked(steps["first"])
        second, undo = steps.get("second"), steps.get("undo")
        gone = self._practices.cancelled(second) if second else []
        if any(not any(before <= at for _, before in made) for at in gone):
            found.cancelled_too_early.append(f"move {saga.id}")
        undone = undo is not None and bool(self._practices.cancelled(undo))
        if gone and undone:
            found.left_without.append(f"move {saga.id}")


def _bare(words: str) -> str:
    """A list names the kind first: "Amend Not confirmed yet"."""
    first, _, rest = words.partition(" ")
    return rest if first in ITS_WORDS and rest else words


def _name(command: Command) -> str:
    return f"{command.kind} {command.marker or command.nhs_number} ({command.id[:8]})"
