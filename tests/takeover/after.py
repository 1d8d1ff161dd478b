"""What the version after makes of it. Every function adds to `findings` what is behind a figure."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Final

from bench.figures import Figure
from chaos.commands.witness import command_of, saga_of, standing_of
from demo import seed
from tests.sandbox_control import Sandbox
from tests.takeover import tables, tasks
from tests.takeover.before import TYPED, Left, count_of, until
from tests.takeover.installation import Installation, Version
from tests.takeover.page_user import HERE, OFFER, TAKEN, PageUser, texts, told_by

ROUTES: Final = r"""
import json, re, django
django.setup()
from django.urls import get_resolver
def below(patterns, before):
    for one in patterns:
        address = before + str(one.pattern)
        if hasattr(one, "url_patterns"):
            yield from below(one.url_patterns, address)
        else:
            yield re.sub(r"<(\w+):\w+>", r"<\1>", address)
print(json.dumps(sorted(set(below(get_resolver().url_patterns, "")))))
"""
"""Every address of the version, without what its parts are called."""
MODELS: Final = """
import json, django
django.setup()
from django.apps import apps
print(json.dumps([
    line for model in apps.get_models(include_auto_created=True) for line in (
        f"model {model._meta.label_lower} in {model._meta.db_table}",
        *(f"permission {model._meta.app_label}.{code}" for code, _ in model._meta.permissions),
    )
]))
"""
"""Every model with its table, and every permission that the version's code defines."""
MAY_GROW: Final = {"django_migrations", "django_content_type", "auth_permission"}
SETTLED: Final = {"done", "refused", "not_made", "withdrawn", "needs_attention"}
OPEN_FORMS: Final = {
    "book": (texts("Sore knee"), "Booked", 1),
    "amend": (texts("Sore hip"), "Changed", 1),
    "cancel": ({"decision": "cancel", "reason": "Feels better"}, "Cancelled", 0),
    "move": ({**texts("Sore knee"), "reason": "Another time"}, "Moved", 1),
}
"""What is typed into each, what its page says then, and how many appointments there are left."""
BECOMES: Final = {
    "booked": "done",
    "amended": "done",
    "found by the worker": "done",
    "needs attention": "needs_attention",
    "made": "done",
    "never arrived": "done",
    "withdrawn": "withdrawn",
    "being sent": "done",
}
"""How each command of before has to stand in the end."""
_SETTLING_SECONDS: Final = 240.0
AT_MOST: Final = 10
LONGEST: Final = 600
"""How much is told of what is behind one figure."""


def names(old: Version, new: Version, findings: list[str]) -> Iterator[Figure]:
    """What a running installation has written down by name."""
    asked = {"tasks": tasks.NAMES, "addresses": ROUTES, "models and permissions": MODELS}
    for what, script in asked.items():
        known = set(old.runs(script))
        yield Figure(f"{what} of before", len(known), "names", least=1)
        missing = sorted(known - set(new.runs(script)))
        yield _of(f"{what} of before that are no more", missing, findings)


def unchanged(
    stopped: tables.Tables, migrated: tables.Tables, findings: list[str]
) -> Iterator[Figure]:
    """What `migrate` has done to what there was."""
    yield _of("tables and columns gone", tables.gone(stopped, migrated), findings)
    yield _of("rows lost or changed by migrate", tables.differing(stopped, migrated), findings)
    more = [
        name
        for name, table in stopped.items()
        if name in migrated and name not in MAY_GROW
        and len(migrated[name].rows) > len(table.rows)
    ]  # fmt: skip
    yield _of("tables of before with rows that migrate has added", more, findings)
    missing = tables.permissions(stopped) - tables.permissions(migrated)
    yield _of("permissions gone", sorted(map(str, missing)), findings)


def goes_on(
    installation: Installation,
    new: Version,
    sandbox: Sandbox,
    left: Left,
    queue: list[tasks.Waiting],
    stopped: tables.Tables,
    findings: list[str],
) -> Iterator[Figure]:
    """Start it, and use it with the pages, sign-ins and texts of before."""
    web, worker, beat = new.web(), new.worker(), new.beat()
    try:
        web.start()
        web.wait(installation.answers)
        yield from _pages(left, sandbox, findings)
        worker.start()
        beat.start()
        yield from _forms(left, sandbox, findings)
        yield from _queue(installation, queue, worker.log.read_text, findings)
        yield from _settled(installation, left, sandbox, findings)
        done = tables.all_tables(installation.database_url)
        yield from _records(left, stopped, done, findings)
        for program in (web, worker, beat):
            yield Figure(
                f"{program.name} has ended by itself", int(program.has_ended()), "times", 0
            )
        yield _of("tasks in error", tasks.failed(worker.log.read_text()), findings)
        yield _of("broken pages", left.broken(), findings)
    finally:
        for program in (web, worker, beat):
            program.end()


def _pages(left: Left, sandbox: Sandbox, findings: list[str]) -> Iterator[Figure]:
    """Sign-ins of before at addresses of before."""
    browser = left.browsers["receptionist"]
    others = [
        f"{path}: {status}"
        for path in left.addresses
        if (status := browser.opens(path, follow=False).status) != 200
    ]
    yield Figure("addresses of before that are asked for", len(left.addresses), "pages", least=15)
    yield _of("of these without an answer", others, findings)
    told = [
        f"{address}: {words!r}, now {now!r}"
        for address, words in left.told.items()
        if (now := told_by(browser.opens(address))) != words
    ]
    yield Figure("commands and sagas that had ended", len(left.told), "pages", least=5)
    taken = sum(bool(TAKEN.search(words)) for words in left.told.values())
    yield Figure("of these that somebody deals with", taken, "pages", least=2)
    yield _of("of these told otherwise than before", told, findings)
    opened = [
        f"{name} {path}: {status}, now {now}"
        for (name, path), status in left.opened.items()
        if name != "clinician"  # signed out meanwhile
        and (now := left.browsers[name].opens(path, follow=False).status) != status
    ]
    yield Figure("accounts at pages, signed in before", len(left.opened), "pages", least=30)
    yield _of("of these with another answer", opened, findings)

    assert left.searched is not None
    asked = len(sandbox.exchanges_in_brief())
    offers = tuple(OFFER.findall(browser.opens(left.searched.results).html))
    yield Figure("slots of the kept search", len(offers), "slots", least=1)
    kept = [one for one in left.searched.offers if one.split(":")[0] not in _bare(offers)]
    yield _of("slots of the kept search that are gone", kept, findings)
    asked = len(sandbox.exchanges_in_brief()) - asked
    yield Figure("exchanges for showing it", asked, "exchanges", 0)


def _bare(offers: Iterable[str]) -> set[str]:
    """Signed offers without when they were signed, and the signature."""
    return {one.split(":")[0] for one in offers}


def _forms(left: Left, sandbox: Sandbox, findings: list[str]) -> Iterator[Figure]:
    """Forms, an offer and a text of before, sent now."""
    browser = left.browsers["receptionist"]
    for what, (typed, ending, live) in OPEN_FORMS.items():
        pages = [browser.sends(left.open_forms[what], typed) for _ in "12"]
        name = f"open form of before ({what}), sent twice:"
        told = [one.text for one in pages if standing_of(one) != ending]
        yield _of(f"{name} pages that do not say {ending}", told, findings)
        led_to = {command_of(one) or saga_of(one) for one in pages}
        yield Figure(f"{name} led to", len(led_to), "command", 1, least=1)
        yield _live(f"{name} then to come", left, what, sandbox, live)

    assert left.searched is not None
    user = PageUser(browser, lambda: 1)
    page = user.chooses(left.searched)
    form = next((one for one in page.forms if "description" in one.fields), None)
    page = browser.sends(form, texts("Offered before")) if form else page
    told = [] if standing_of(page) == "Booked" else [page.text]
    yield _of("signed offer of before: pages that are no booking's", told, findings)
    yield _live("signed offer of before: then to come", left, "old offer", sandbox, 1)

    assert left.searched_to_move is not None
    page = PageUser(browser, lambda: 2).chooses(*left.searched_to_move)
    forms = [one for one in page.forms if {"description", "reason"} <= one.fields.keys()]
    told = [] if forms else [page.text]
    yield _of("slots of before to move to: pages that are no move's", told, findings)

    clinician = left.browsers["clinician"]
    form = clinician.opens(left.kept_at).form("/sign-in/")
    page = clinician.sends(form, {"login": "clinician", "password": seed.password()})
    shown = [form.fields.get("description") for form in page.forms]
    kept = [] if [TYPED] in shown else [f"{page.status} {page.text}"]
    yield _of("text kept by the version before that is not shown", kept, findings)


def _queue(
    installation: Installation,
    queue: list[tasks.Waiting],
    log: Callable[[], str],
    findings: list[str],
) -> Iterator[Figure]:
    """What was on the queue, by the worker's log."""
    lasting = {one.id: one.name for one in queue if one.lasts}
    with suppress(TimeoutError):  # the figures say what was not
        until(lambda: lasting.keys() <= tasks.executed(log()), "the queue is worked off")
    said = log()
    executed = len(lasting.keys() & tasks.executed(said))
    yield Figure(
        "tasks of before that last, executed", executed, "tasks", len(lasting), least=len(lasting)
    )
    late = [one for one in queue if not one.lasts and one.id not in tasks.executed(said)]
    known = [one for one in late if one.id in said]
    yield Figure("tasks of before whose time is over, put aside", len(known), "tasks", len(late),
                 least=len(late))  # fmt: skip
    yield _of("tasks that the worker does not know", tasks.unknown(said), findings)
    still = {one.id for one in tasks.waiting(installation.redis_url)} & {one.id for one in queue}
    yield _of("tasks of before still on the queue", sorted(still), findings)


def _settled(
    installation: Installation, left: Left, sandbox: Sandbox, findings: list[str]
) -> Iterator[Figure]:
    """What was under way comes to its end."""
    url = installation.database_url
    waits = left.sagas["waits for a person"]
    unsettled = "commands_command WHERE state IN ('sending', 'unconfirmed')"
    second = (
        "commands_saga AS saga WHERE NOT EXISTS (SELECT FROM commands_command AS second WHERE"
        f" second.saga_id = saga.id AND step = 'second' AND state = 'done') AND id <> '{waits}'"
    )
    open_ = f"(SELECT 1 FROM {unsettled} UNION ALL SELECT 1 FROM {second}) AS one"
    with suppress(TimeoutError):
        until(lambda: count_of(url, open_) == 0, "what was open is settled", _SETTLING_SECONDS)
    yield Figure("commands still unconfirmed", count_of(url, unsettled), "commands", 0)
    yield Figure("sagas without their second step", count_of(url, second), "sagas", 0)
    commands = tables.all_tables(url)["commands_command"].rows
    otherwise = [
        f"{name}: {state}"
        for name, one in left.commands.items()
        if (state := commands[(one,)]["state"]) != BECOMES[name]
    ]
    yield Figure("commands of before, each followed", len(left.commands), "commands", least=8)
    yield _of("commands that ended otherwise than they must", otherwise, findings)
    for name in ("made", "never arrived", "being sent", "moved", "registered and booked"):
        yield _live(f"appointments of whom it was: {name}", left, name, sandbox, 1)
    yield _live("appointments of whom it was: withdrawn", left, "withdrawn", sandbox, 0)


def _records(
    left: Left, stopped: tables.Tables, done: tables.Tables, findings: list[str]
) -> Iterator[Figure]:
    """What must not have changed although the portal has gone on."""
    events = {"audit_event": stopped["audit_event"]}
    yield _of("audit events of before lost or changed", tables.differing(events, done), findings)
    # A user has changed them a moment ago, or their page has seen what was changed before.
    changed = {left.patients[what].nhs_number for what in (*OPEN_FORMS, "amended")}
    ended = tables.differing(
        {"commands_command": _seen(stopped["commands_command"])},
        {"commands_command": _seen(done["commands_command"])},
        lambda table, row: row["state"] in SETTLED and row["nhs_number"] not in changed,
    )  # fmt: skip
    yield _of("commands that had ended, lost or changed", ended, findings)
    attempts = tables.differing(
        {"commands_attempt": stopped["commands_attempt"]}, done,
        lambda table, row: row["ended_at"] is not None,
    )  # fmt: skip
    yield _of("attempts that had ended, lost or changed", attempts, findings)
    missing = tables.permissions(stopped) - tables.permissions(done)
    yield _of("permissions gone in the end", sorted(map(str, missing)), findings)
    held = {name: table for name, table in stopped.items() if re.search("permission|group", name)}
    yield _of("who holds which permission: rows changed", tables.differing(held, done), findings)


def _seen(commands: tables.Table) -> tables.Table:
    """With what was seen of a booking each by itself, but for when: a page that shows it asks."""
    rows = {
        key: {**row, **{f"result.{name}": seen for name, seen in row["result"].items()}}
        for key, row in commands.rows.items()
    }
    columns = commands.columns.union(*(row.keys() for row in rows.values()))
    return tables.Table(columns - {"result", "result.seen_at"}, rows)


def _live(name: str, left: Left, whose: str, sandbox: Sandbox, number: int) -> Figure:
    """How many appointments to come the practice itself has recorded."""
    recorded = sandbox.appointments(HERE, left.patients[whose].nhs_number)
    live = sum(one["status"] == "booked" for one in recorded)
    return Figure(name, live, "appointments", number, least=number)


def _of(name: str, found: Iterable[str], findings: list[str]) -> Figure:
    """A figure that has to be nought; what was found goes to the findings."""
    listed = list(found)
    findings += [f"{name}: {one[:LONGEST]}" for one in listed[:AT_MOST]]
    return Figure(name, len(listed), "found", 0)
