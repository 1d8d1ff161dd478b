"""Secrets from files, and a SECRET_KEY that is renewed while people work."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from pytest_django import Settings

from booking_portal.commands.models import Command
from booking_portal.commands.states import State
from booking_portal.patients.wrong_tries import OF_PATIENT
from booking_portal.settings import environment
from booking_portal.slots import offers
from tests.demo.test_production import manage, production
from tests.page_reading import Form, Page
from tests.portal.counter import Counter
from tests.portal.form_steps import AGAIN, COMMENT, TEXT, check_page, signed_out, signs_in
from tests.portal.pages import ORDINARY as NUMBER_AND_BIRTH_DATE
from tests.portal.pages import find, text_of
from tests.sandbox_control import Sandbox

__all__ = ["production"]  # the fixture

OLD, NEW = "o7V2fQ9xW4rTzB8mNp3LsYh6Jd" * 2, "n8K1gR5yX2sUzC9kMq4PtZi7Jf" * 2
NAME = "PORTAL_EXAMPLE_OF_A_SECRET"


class TestFromFiles:
    """`secret` and `secrets` of booking_portal.settings.environment."""

    @pytest.fixture
    def file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "secret"))
        return tmp_path / "secret"

    @pytest.mark.parametrize(
        ("written", "read"),
        [("a b", "a b"), ("a b\n", "a b"), ("a b\r\n", "a b"), ("a\n\n", "a\n"), (" a ", " a ")],
    )
    def test_a_file_holds_it_and_its_last_lines_end_is_no_part(
        self, file: Path, written: str, read: str
    ) -> None:
        file.write_bytes(written.encode())
        assert environment.secret(NAME) == read

    @pytest.mark.parametrize("kind", ["missing", "a folder", "empty", "a line's end", "no text"])
    def test_a_file_that_gives_none_is_named_and_so_is_why(self, file: Path, kind: str) -> None:
        if kind == "a folder":
            file.mkdir()
        elif kind != "missing":
            file.write_bytes({"empty": b"", "a line's end": b"\n", "no text": b"\xff\xfe"}[kind])
        with pytest.raises(ImproperlyConfigured) as caught:
            environment.secret(NAME, "a default is no way out")
        told = str(caught.value)
        assert f"{NAME}_FILE names {file}, which " in told
        assert {"missing": "No such file", "a folder": "Is a directory", "no text": "no text"}.get(
            kind, "is empty"
        ) in told

    def test_both_ways_at_once_are_refused_without_saying_the_value(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file.write_text("of the file")
        monkeypatch.setenv(NAME, "of the variable")
        with pytest.raises(ImproperlyConfigured) as caught:
            environment.secret(NAME)
        assert str(caught.value) == f"{NAME} and {NAME}_FILE are both set: unset one of them."

    def test_an_empty_variable_is_none(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Compose passes `${NAME:-}` on as an empty text."""
        file.write_text("of the file")
        monkeypatch.setenv(NAME, "")
        assert environment.secret(NAME) == "of the file"
        monkeypatch.setenv(f"{NAME}_FILE", "")
        with pytest.raises(ImproperlyConfigured, match=f"{NAME}_FILE"):
            environment.secret(NAME)
        assert environment.secret(NAME, "otherwise") == ""

    def test_several_stand_one_a_line(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file.write_text(f"{OLD}\n\n{NEW}\n")
        assert environment.secrets(NAME) == [OLD, NEW]
        monkeypatch.delenv(f"{NAME}_FILE")
        assert environment.secrets(NAME) == []

    def test_production_starts_with_every_secret_in_a_file(
        self, production: dict[str, str], tmp_path: Path
    ) -> None:
        production["SECRET_KEY_FALLBACKS"] = OLD
        named = ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "DATABASE_URL", "REDIS_URL")
        for name in (*named, "GPCONNECT_DIRECTORY_API_KEY"):
            file = tmp_path / name.lower()
            file.write_text(production.pop(name) + "\n")
            production[f"{name}_FILE"] = str(file)
        ran = manage(production, "check", "--deploy", "--fail-level", "WARNING")
        assert ran.returncode == 0, ran.stderr
        (tmp_path / "redis_url").unlink()
        ran = manage(production, "check")
        assert ran.returncode != 0
        assert f"REDIS_URL_FILE names {tmp_path / 'redis_url'}, which cannot be read" in ran.stderr

    def test_a_fallback_that_is_a_default_is_refused_in_production(
        self, production: dict[str, str]
    ) -> None:
        ran = manage(
            production | {"SECRET_KEY_FALLBACKS": "demo-only-" + "0123456789" * 5}, "check"
        )
        assert ran.returncode != 0
        assert "SECRET_KEY_FALLBACKS is short or a default" in ran.stderr


@pytest.mark.django_db
class TestSecretKeyRenewed:
    """The steps of docs/rotation.md, seen by somebody who goes on working through them."""

    def of_processes(self, settings: Settings, key: str, *fallbacks: str) -> None:
        """All processes have been started anew with these."""
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = key, list(fallbacks)
        offers._signer.cache_clear()

    @pytest.fixture(autouse=True)
    def before(self, settings: Settings) -> None:
        self.of_processes(settings, OLD)

    def test_a_sign_in_an_offer_and_a_form_go_on(
        self, counter: Counter, settings: Settings, spine: Sandbox
    ) -> None:
        counter.traces()
        counter.searches("A20047")
        self.of_processes(settings, NEW, OLD)
        form = self.check_form(counter)
        self.of_processes(settings, NEW)  # the form is one of the new key's by now
        assert self.booked(counter, form).state == State.DONE

    def test_a_form_that_was_open_all_the_time_goes_on(
        self, counter: Counter, settings: Settings, spine: Sandbox
    ) -> None:
        form = check_page(counter)
        self.of_processes(settings, OLD, NEW)
        self.of_processes(settings, NEW, OLD)
        assert self.booked(counter, form).state == State.DONE

    def test_while_half_of_the_processes_have_the_new_key_each_takes_what_the_other_signed(
        self, counter: Counter, settings: Settings, spine: Sandbox
    ) -> None:
        counter.traces()
        self.of_processes(settings, NEW, OLD)
        counter.searches("A20047")
        self.of_processes(settings, OLD, NEW)
        form = self.check_form(counter)
        self.of_processes(settings, NEW, OLD)
        counter.opens(reverse("start"))
        self.of_processes(settings, OLD, NEW)
        assert self.booked(counter, form).state == State.DONE

    def test_what_was_typed_is_kept_over_it(
        self, counter: Counter, settings: Settings, spine: Sandbox
    ) -> None:
        form = check_page(counter)
        signed_out(counter)
        asked = counter.sends(form, description=TEXT, comment=COMMENT)
        self.of_processes(settings, NEW, OLD)
        back = signs_in(counter, asked)
        assert AGAIN in back.text
        assert self.check_form_of(back).fields["description"] == [TEXT]

    def test_it_is_no_new_set_of_wrong_tries(
        self, counter: Counter, settings: Settings, spine: Sandbox
    ) -> None:
        number, _ = NUMBER_AND_BIRTH_DATE
        for tries in range(OF_PATIENT.most):
            keys = (OLD, NEW) if tries % 2 else (NEW, OLD)
            self.of_processes(settings, *keys)
            assert "does not match" in text_of(find(counter.client, number, "28-11-1962"))
        for keys in ((NEW, OLD), (OLD, NEW)):
            self.of_processes(settings, *keys)
            page = text_of(find(counter.client, *NUMBER_AND_BIRTH_DATE))
            assert "too many wrong tries" in page

    def test_once_the_old_key_is_gone_what_it_signed_is_nobodys(
        self, counter: Counter, settings: Settings, spine: Sandbox
    ) -> None:
        form = check_page(counter)
        self.of_processes(settings, NEW)
        page = counter.sends(form, description=TEXT)
        assert page.form("/sign-in/")
        assert not Command.objects.exists()

    def check_form(self, counter: Counter) -> Form:
        return self.check_form_of(counter.chooses())

    def check_form_of(self, page: Page) -> Form:
        return next(form for form in page.forms if "description" in form.fields)

    def booked(self, counter: Counter, form: Form) -> Command:
        page = counter.sends(form, description=TEXT)
        assert page.status == 200, page.text
        return counter.command
