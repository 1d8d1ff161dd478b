"""One scenario from an empty database to the verdict."""

import contextlib
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Final

from bench.figures import Figure
from chaos.commands import faults
from chaos.commands.accounts import username
from chaos.commands.browser import Away, Browser
from chaos.commands.judge import Findings, Judge
from chaos.commands.plan import Patient, Plan
from chaos.commands.records import Command, Portal, Practices
from chaos.commands.scale import WISHES, Scale
from chaos.commands.storm import Storm
from chaos.commands.user import User
from chaos.commands.witness import Witness
from chaos.commands.world import SPARE_ACCOUNTS, World
from demo import seed as sample
from tests.sandbox_control import Json, Sandbox

LOOKED_AT_AGAIN: Final = 100
GIVES_UP_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known at the end of a scenario."""

    scale: Scale
    commands: Sequence[Command]
    findings: Findings
    exchanges: Sequence[Json]
    faults: Sequence[Json]
    storm: Storm
    witness: Witness
    plan: Plan
    failures: Sequence[Exception]
    quiet_at: float
    seconds: float
    sending_seconds: float


def run(scale: Scale, seed: int, state: Path, logs: Path, *, breaker: bool) -> Outcome:
    """Everything, from starting the servers to holding what was told against the records."""
    begun = time.monotonic()
    with World(state, logs, scale, breaker=breaker) as world, world.sandbox() as sandbox:
        before = max(entry["number"] for entry in sandbox.chronicle())
        witness, portal = Witness(), Portal(world.database_url)
        plan = Plan(patients_of(sandbox), scale.wishes)
        users = signed_in(world, witness, plan, scale, Random(seed))
        storm = Storm(world, plan, portal, scale, Random(f"{seed} storm"))
        for fault in faults.mixture(scale.late):
            sandbox.fault(**fault)
        sending = time.monotonic()
        for user in users:
            user.start()
        storm.rage()
        for user in users:
            user.join(GIVES_UP_SECONDS)
        sent = time.monotonic() - sending
        happened, exchanges = sandbox.faults(), sandbox.exchanges_in_brief()
        sandbox.clear_faults()
        quiet_at = time.time()
        storm.settles(scale.settling)
        _look_again(users, plan)
        for browser in (*(user.browser for user in users), *plan.rivals_home()):
            browser.close()
        commands, sagas = portal.commands(), portal.sagas()
        practices = Practices.of(sandbox.chronicle(before), sandbox.exchanges_in_brief())
        struck = {one["trace_id"]: one["fault"] for one in exchanges if one["fault"]}
        findings = Judge(commands, sagas, practices, struck).findings(witness.told)
    return Outcome(
        scale=scale,
        commands=commands,
        findings=findings,
        exchanges=exchanges,
        faults=happened,
        storm=storm,
        witness=witness,
        plan=plan,
        failures=[user.failure for user in users if user.failure is not None],
        quiet_at=quiet_at,
        seconds=time.monotonic() - begun,
        sending_seconds=sent,
    )


def figures(outcome: Outcome) -> Iterator[Figure]:
    """What `make chaos` prints, and what must hold."""
    yield from _what_was_done(outcome)
    yield from _what_befell(outcome)
    yield from _what_came_of_it(outcome)


def _what_was_done(outcome: Outcome) -> Iterator[Figure]:
    scale = outcome.scale
    sent = Counter(command.kind for command in outcome.commands if command.sent)
    steps = Counter(
        "second step" if command.step == "second" else "first step" if command.step else "alone"
        for command in outcome.commands
        if command.sent
    )
    done = _wishes(outcome.commands)
    for wish in WISHES:
        yield Figure(f"wishes sent: {_WISH[wish]}", done[wish], "sent", least=scale.wishes[wish])
    for kind, number in sorted(sent.items()):
        yield Figure(f"commands sent: {kind}", number, "sent")
    for step, number in sorted(steps.items()):
        yield Figure(f"commands sent as {step}", number, "sent")
    yield Figure("users at once", scale.users, "users")
    for what, number in outcome.plan.clicks.items():
        yield Figure(f"clicks: {what}", number, "clicks")
    yield Figure("two users, one slot", outcome.plan.races, "races")


def _what_befell(outcome: Outcome) -> Iterator[Figure]:
    scale = outcome.scale
    struck = Counter(one["fault"] for one in outcome.exchanges if one["fault"])
    for kind in faults.KINDS:
        yield Figure(f"fault: {kind}", struck[kind], "times", least=scale.each_fault)
    met = sum(struck[kind] for kind in faults.NOT_TO_BE_BELIEVED)
    yield Figure("refusals under 500, and 404s for what is there, met", met, "times", least=1)
    refused = sum(one["happened"] for one in outcome.faults if one["kind"] == faults.CONNECTIONS)
    yield Figure(f"fault: {faults.CONNECTIONS}", refused, "times")
    yield Figure("exchanges with practices", len(outcome.exchanges), "exchanges")
    share = 100 * sum(struck.values()) / max(1, len(outcome.exchanges))
    yield Figure("of these faulted", share, "%", least=100 * scale.faulted)
    killed, restarted = outcome.storm.killed, outcome.storm.restarted
    for name, number in sorted(killed.items()):
        yield Figure(f"killed: {name}", number, "times")
    yield Figure("killed (kill -9)", sum(killed.values()), "times", least=scale.kills * 0.8)
    for name, number in sorted(outcome.storm.ended.items()):
        yield Figure(f"ended by itself, started by its supervisor: {name}", number, "times")
    for name in ("PostgreSQL", "Redis"):
        yield Figure(f"{name} restarted", restarted[name], "times", least=scale.restarts)


def _what_came_of_it(outcome: Outcome) -> Iterator[Figure]:
    found = outcome.findings
    states = Counter(command.state for command in outcome.commands)
    for state, number in sorted(states.items()):
        yield Figure(f"commands in the end: {state}", number, "commands")
    yield Figure("lost", len(found.lost), "commands", 0)
    yield Figure("doubled", len(found.doubled), "commands", 0)
    yield Figure("told", len(outcome.witness.told), "times")
    yield Figure("told wrongly", len(found.told_wrongly), "times", 0)
    yield Figure("words that the judge does not know", found.unknown_words.total(), "times", 0)
    yield Figure(
        "old appointment cancelled before the new", len(found.cancelled_too_early), "moves", 0
    )
    yield Figure("moves that left nothing", len(found.left_without), "moves", 0)
    yield Figure("still sending", len(found.sending), "commands", 0)
    yield Figure("still unconfirmed", len(found.unsettled), "commands", 0)
    for why, number in sorted(found.attention.items()):
        yield Figure(f"needs attention: {why}", number, "commands")
    yield Figure("needs attention without need", len(found.attention_for_nothing), "commands", 0)
    yield Figure("broken pages", len(outcome.witness.broken), "pages", 0)
    yield Figure("users who could not go on", len(outcome.failures), "users", 0)
    took = sorted(
        command.settled_at.timestamp() - outcome.quiet_at
        for command in outcome.commands
        if command.settled_at and command.settled_at.timestamp() > outcome.quiet_at
    )
    yield Figure("open when the faults stopped", len(took), "commands")
    if len(took) > 1:
        yield Figure("time to settle, median", median(took), "s")
        yield Figure("time to settle, p95", quantiles(took, n=20)[-1], "s")
    yield Figure("time of sending", outcome.sending_seconds, "s")
    yield Figure("time of the scenario", outcome.seconds, "s", outcome.scale.within)


_WISH: Final = {
    "book": "bookings",
    "amend": "amends",
    "cancel": "cancels",
    "move": "moves",
    "register": "register-and-books",
}


def lines(outcome: Outcome) -> Iterator[str]:
    """Each finding, for whoever has to find out why, and which pages users were shown."""
    for name in fields(outcome.findings):
        found = getattr(outcome.findings, name.name)
        if isinstance(found, Counter):
            yield from (f"{name.name}: {number} {what}" for what, number in found.most_common())
        else:
            yield from (f"{name.name}: {line}" for line in found)
    yield from (f"broken page: {line}" for line in outcome.witness.broken)
    yield from (f"user: {failure!r}" for failure in outcome.failures)
    for page, number in outcome.witness.pages.most_common():
        yield f"page: {number} {page}"


def _wishes(commands: Sequence[Command]) -> Counter[str]:
    """How many of each wish were sent: a wish of two steps once."""
    done: Counter[str] = Counter()
    for command in commands:
        if command.sent and command.step in {"", "first"}:
            done[command.wish] += 1
    return done


def patients_of(sandbox: Sandbox) -> list[Patient]:
    """The invented ones whom their own practice has on its list."""
    return [
        Patient(one["nhs_number"], one["birth_date"], one["practice"])
        for one in sandbox.patients()
        if not one["note"] and one["pds"] == "ordinary" and one["practice"]
    ]


def signed_in(
    world: World,
    witness: Witness,
    plan: Plan,
    scale: Scale,
    dice: Random,
    user: type[User] = User,
) -> list[User]:
    """The users, each signed in, and the spare accounts' browsers among the plan's rivals."""
    everybody = range(scale.users + SPARE_ACCOUNTS)
    browsers = [Browser(world.addresses, witness, number) for number in everybody]
    with ThreadPoolExecutor(len(world.addresses) * 2) as pool:
        signing = [
            pool.submit(browser.signs_in, username(number), sample.password())
            for number, browser in enumerate(browsers)
        ]
        for each in signing:
            each.result()
    for browser in browsers[scale.users :]:
        plan.rivals.put(browser)
    return [
        user(number, browser, plan, Random(dice.random()))
        for number, browser in enumerate(browsers[: scale.users])
    ]


def _look_again(users: Sequence[User], plan: Plan) -> None:
    """Users come back to what they did last, and to the list of all."""
    with contextlib.suppress(Away):
        browser = users[0].browser
        browser.opens("/bookings/")
        for address in list(plan.seen)[-LOOKED_AT_AGAIN:]:
            browser.opens(address)
