"""The containers, the demo, the settings and the requirements describe the same product.

No Docker engine is needed: the files are read and held against each other, so they cannot drift.
"""

import json
import re
import tomllib
from configparser import RawConfigParser
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from booking_portal.oversight.machine_addresses import ADDRESSES
from demo import assets, embedded
from demo.places import Places
from tests.demo.processes import ROOT

PORTAL = ("web", "worker", "beat")


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def supervisor() -> RawConfigParser:
    parser = RawConfigParser(inline_comment_prefixes=None)
    parser.read(ROOT / "demo" / "supervisord.conf")
    return parser


@pytest.fixture(scope="module")
def stages() -> dict[str, list[tuple[str, str]]]:
    """The Dockerfile: each stage's instructions, those of the stages it is built on included."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    found: dict[str, list[tuple[str, str]]] = {}
    stage: list[tuple[str, str]] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        instruction, rest = line.split(maxsplit=1)
        if instruction == "FROM":
            origin, _, name = rest.split()
            stage = found[name] = [*found.get(origin, [])]
        stage.append((instruction, rest))
    return found


def names_read_by_settings() -> set[str]:
    read = re.compile(
        r"(?:environment\.(?:text|names|networks|path|number|secrets?|database|redis|choice)"
        r"|= choice)"
        r'\(\s*"([A-Z_]+)"'
    )
    settings = (ROOT / "booking_portal" / "settings").glob("*.py")
    names = {name for file in settings for name in read.findall(file.read_text())}
    servers = names & {"DATABASE_URL", "REDIS_URL"}
    return names | {f"{name.removesuffix('_URL')}_PASSWORD" for name in servers}


def names_read_by_gunicorn() -> set[str]:
    return set(re.findall(r'environ\.get\("([A-Z_]+)"', (ROOT / "gunicorn.conf.py").read_text()))


def without_tether_and_places(command: str) -> str:
    command = command.removeprefix("python -m demo.tether ")
    return re.sub(r"--schedule \S*/beat-schedule", "--schedule beat-schedule", command)


def pins(group: str) -> dict[str, str]:
    return dict(
        re.findall(r"^([\w.-]+)==(\S+) \\$", (ROOT / f"{group}.txt").read_text(), re.MULTILINE)
    )


# What runs


@pytest.mark.parametrize("name", PORTAL)
def test_the_same_command_runs_in_the_container_and_in_the_demo(
    name: str, compose: Any, supervisor: RawConfigParser
) -> None:
    in_demo = supervisor[f"program:{name}"]["command"]
    in_container = compose["services"][name]["command"]
    assert without_tether_and_places(in_demo) == without_tether_and_places(in_container)


@pytest.mark.parametrize("name", PORTAL)
def test_the_container_is_given_as_long_to_stop_as_the_demo_gives(
    name: str, compose: Any, supervisor: RawConfigParser
) -> None:
    seconds = int(compose["services"][name]["stop_grace_period"].removesuffix("s"))
    assert seconds >= int(supervisor[f"program:{name}"]["stopwaitsecs"])


def test_every_part_of_the_demo_has_a_container_and_the_other_way_round(
    compose: Any, supervisor: RawConfigParser
) -> None:
    programs = {name[8:] for name in supervisor.sections() if name.startswith("program:")}
    programs |= {"proxy"}  # the demo's browser is on the same machine
    run_once = {
        name for name, service in compose["services"].items() if "healthcheck" not in service
    }
    assert run_once == {"set-up", "certificates"}
    assert set(compose["services"]) - run_once == programs


def test_the_sandbox_is_in_the_demo_profile_only(compose: Any) -> None:
    profiles = {name: service.get("profiles", []) for name, service in compose["services"].items()}
    assert profiles.pop("sandbox") == profiles.pop("certificates") == ["demo"]
    assert not any(profiles.values())


def test_the_default_command_of_the_image_is_the_web(
    compose: Any, stages: dict[str, list[tuple[str, str]]]
) -> None:
    commands = [rest for instruction, rest in stages["portal"] if instruction == "CMD"]
    assert " ".join(json.loads(commands[-1])) == compose["services"]["web"]["command"]


def test_the_database_is_set_up_by_a_command_that_exists(compose: Any) -> None:
    command = compose["services"]["set-up"]["command"]
    assert command == "${SET_UP:-python manage.py migrate}"
    assert "migrate" in get_commands()


def test_web_worker_and_beat_wait_for_a_database_that_is_set_up(compose: Any) -> None:
    for name in PORTAL:
        needs = compose["services"][name]["depends_on"]
        assert needs["set-up"]["condition"] == "service_completed_successfully"
        assert needs["redis"]["condition"] == "service_healthy"
    needs = compose["services"]["set-up"]["depends_on"]
    assert needs["postgres"]["condition"] == "service_healthy"


def test_the_web_is_healthy_when_readyz_says_so(compose: Any) -> None:
    [asked] = re.findall(
        r"http://localhost:8000(/\w+)", " ".join(compose["services"]["web"]["healthcheck"]["test"])
    )
    assert asked == "/readyz"
    assert asked in ADDRESSES


# What it is told


def test_the_containers_give_every_name_that_the_settings_read_and_no_other(compose: Any) -> None:
    wanted = names_read_by_settings() | {"DJANGO_SETTINGS_MODULE"}
    of_gunicorn = names_read_by_gunicorn() - {"BIND"}
    for name in PORTAL:
        more = of_gunicorn if name == "web" else set()
        assert set(compose["services"][name]["environment"]) == wanted | more


def test_the_demo_gives_every_name_that_the_settings_read(tmp_path: Path) -> None:
    given = set(Places(tmp_path, 8000).environment())
    tuned = ("PDS_REQUESTS_", "BREAKER")  # with a default for everybody
    optional = {
        name
        for name in names_read_by_settings()
        if name.startswith(tuned) or name.endswith("_SECONDS")
    }
    optional |= {"PLAIN_HTTP_TO_PRACTICES"}
    optional |= {"CSRF_TRUSTED_ORIGINS", "COMMAND_LINE_MAY_WRITE", "SECRET_KEY_FALLBACKS"}
    optional |= {"DATABASE_PASSWORD", "REDIS_PASSWORD", "DATABASE_POOLING", "PDS_KEY_ID_FILE"}
    optional |= {"APPLICATION_ROLE", "APPLICATION_ROLE_PASSWORD"}
    optional |= {"TRUSTED_PROXIES", "MONITORING_TOKEN", "PRIVATE_NETWORK_HOSTS"}
    optional |= {"RESTORE_MARK_FILE", "OPENTELEMETRY_ENDPOINT"}
    assert names_read_by_settings() - optional <= given
    assert "BIND" in given & names_read_by_gunicorn()


def test_the_demo_environment_file_answers_every_question_that_compose_asks() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    required = set(re.findall(r"\$\{([A-Z_]+):?\?\}", text))
    optional = set(re.findall(r"\$\{([A-Z_]+):-", text))
    given = dict(
        line.split("=", 1)
        for line in (ROOT / "demo" / "compose.env").read_text().splitlines()
        if line and not line.startswith("#")
    )
    assert required <= set(given)
    assert set(given) <= required | optional
    assert given["DJANGO_SETTINGS_MODULE"] == "booking_portal.settings.demo"


def test_the_demo_under_docker_calls_the_sandbox_where_it_listens(compose: Any) -> None:
    command = compose["services"]["sandbox"]["command"]
    ports = dict(re.findall(r"--(ssp|services)-port (\d+)", command))
    given = (ROOT / "demo" / "compose.env").read_text()
    assert f"GPCONNECT_SSP_URL=https://sandbox:{ports['ssp']}\n" in given
    for name in ("GPCONNECT_DIRECTORY_URL", "PDS_URL", "PDS_TOKEN_URL"):
        assert f"{name}=https://sandbox:{ports['services']}/" in given


def test_the_demo_under_docker_lists_the_patients_of_the_sandbox_next_door(
    compose: Any, stages: dict[str, list[tuple[str, str]]]
) -> None:
    command = compose["services"]["sandbox"]["command"]
    port = re.findall(r"--control-host 0\.0\.0\.0 --control-port (\d+)", command)
    given = " ".join(rest for instruction, rest in stages["demo"] if instruction == "ENV")
    assert re.findall(r"SANDBOX_CONTROL=http://sandbox:(\d+)", given) == port
    assert len(port) == 1


def test_only_the_set_up_has_the_password_of_the_tables_owner(compose: Any) -> None:
    set_up = compose["services"]["set-up"]["environment"]
    assert set_up["DATABASE_PASSWORD"] == "${POSTGRES_PASSWORD:?}"
    assert set_up["DATABASE_URL"].startswith("postgres://booking_portal@")
    for name in PORTAL:
        given = compose["services"][name]["environment"]
        role = given["APPLICATION_ROLE"]
        assert re.fullmatch(r"\$\{APPLICATION_ROLE:-(?!booking_portal\})\w+\}", role)
        assert given["DATABASE_URL"].startswith(f"postgres://{role}@")
        assert given["DATABASE_PASSWORD"] == "${DATABASE_PASSWORD:?}"
        assert given["APPLICATION_ROLE_PASSWORD"] == "${DATABASE_PASSWORD:?}"
    assert "POSTGRES_PASSWORD" not in "".join(compose["services"]["web"]["environment"].values())


def test_secrets_have_no_default_in_compose() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "DATABASE_PASSWORD", "REDIS_PASSWORD"):
        assert set(re.findall(rf"\$\{{{name}([^A-Z_].*?)\}}", text)) == {":?"}


def test_the_database_in_the_container_logs_as_little_as_the_embedded_one(compose: Any) -> None:
    given = dict(re.findall(r"-c (\w+)=(\S+)", compose["services"]["postgres"]["command"]))
    ours = {"listen_addresses", "unix_socket_directories"}  # the container has its own network
    assert given == {
        name: value for name, value in embedded.POSTGRES_SETTINGS.items() if name not in ours
    }


# What it is made of


def test_the_image_runs_the_python_that_the_project_asks_for(
    stages: dict[str, list[tuple[str, str]]],
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = project["requires-python"].removeprefix(">=")
    origins = {
        rest.split()[0] for stage in stages.values() for name, rest in stage if name == "FROM"
    } - {*stages, "scratch"}
    assert {origin.partition("@")[0] for origin in origins} == {f"python:{asked}-slim"}
    compiled = (ROOT / "requirements.txt").read_text()
    assert f"pip-compile with Python {asked}" in compiled


def test_the_servers_are_named_by_version_and_postgresql_is_the_one_tested(compose: Any) -> None:
    named = {name: one["image"].partition("@")[0] for name, one in compose["services"].items()}
    assert named["postgres"] == f"postgres:{embedded.postgres_major()}"
    assert re.fullmatch(r"redis:\d+\.\d+", named["redis"])


def test_the_images_install_the_compiled_requirements(
    stages: dict[str, list[tuple[str, str]]],
) -> None:
    def installed(stage: str) -> set[str]:
        runs = " ".join(rest for instruction, rest in stages[stage] if instruction == "RUN")
        return set(re.findall(r"--requirement (\S+)", runs))

    pip = "/opt/installer/bin/pip --python /opt/portal install --no-cache-dir --require-hashes"
    pip += " --requirement"
    traces = "requirements-traces.txt"  # only where the build asks for it
    assert installed("packages") == {"requirements.txt", traces}
    assert ("RUN", f'test -z "$OPENTELEMETRY" || {pip} {traces}') in stages["packages"]
    assert installed("demo-packages") - {traces} == {"requirements.txt", "requirements-sandbox.txt"}
    for stage, packages in (("portal", "packages"), ("demo", "demo-packages")):
        assert ("COPY", f"--from={packages} /opt/portal /opt/portal") in stages[stage]


def test_nothing_of_the_sandbox_or_the_demo_is_in_the_portal_image(
    stages: dict[str, list[tuple[str, str]]],
) -> None:
    copied = " ".join(
        rest
        for instruction, rest in (*stages["code"], *stages["portal"])
        if instruction == "COPY" and not rest.startswith("--from")
    )
    assert not re.search(r"\b(sandbox|demo|tests)\b", copied)
    for package in ("gpconnect", "booking_portal", "templates", "static"):
        assert f"{package} /{package}" in copied
    for stage in ("portal", "demo"):
        assert ("COPY", "--from=code / ./") in stages[stage]


def test_the_images_do_not_run_as_root(stages: dict[str, list[tuple[str, str]]]) -> None:
    for stage in ("portal", "demo"):
        assert stages[stage][-1] == ("USER", "10001:10001")


def test_a_new_version_of_the_code_leaves_the_layers_of_the_packages_as_they_are(
    stages: dict[str, list[tuple[str, str]]],
) -> None:
    copies = [rest for instruction, rest in stages["portal"] if instruction == "COPY"]
    assert copies == ["--from=packages /opt/portal /opt/portal", "--from=code / ./"]


def test_nothing_that_installs_packages_is_left_in_the_images(
    stages: dict[str, list[tuple[str, str]]],
) -> None:
    made = " ".join(rest for instruction, rest in stages["packages"] if instruction == "RUN")
    assert "venv --without-pip /opt/portal" in made
    for stage in ("portal", "demo"):
        runs = " ".join(rest for instruction, rest in stages[stage] if instruction == "RUN")
        assert re.search(r"rm -rf .*site-packages/\* .*ensurepip .*/bin/pip\*", runs)


def test_no_package_is_installed_whose_hash_is_not_known(
    stages: dict[str, list[tuple[str, str]]],
) -> None:
    for stage in stages.values():
        for instruction, rest in stage:
            if instruction == "RUN" and " install " in rest.replace("install --directory", ""):
                assert "--require-hashes" in rest
    for file in ROOT.glob("requirements*.txt"):
        for pinned in re.findall(r"^\S+==.*\n.*", file.read_text(), re.MULTILINE):
            assert "--hash=sha256:" in pinned, pinned


# How it is held


def test_every_container_is_held_and_bounded(compose: Any) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["logging"]["options"]["max-size"], name
        assert service["mem_limit"], name
        assert service["pids_limit"], name


def test_the_image_is_built_once_for_all_services(compose: Any) -> None:
    built = [name for name, service in compose["services"].items() if "build" in service]
    assert built == ["set-up"]
    images = {compose["services"][name]["image"] for name in (*PORTAL, "set-up", "sandbox")}
    assert len(images) == 1


def test_web_and_worker_can_be_scaled_as_only_the_proxy_takes_a_port(compose: Any) -> None:
    taking = [name for name, service in compose["services"].items() if "ports" in service]
    assert taking == ["proxy"]
    assert not any("container_name" in service for service in compose["services"].values())


def test_only_the_portal_reaches_the_database_and_the_queue(compose: Any) -> None:
    assert compose["networks"]["data"]["internal"] is True
    for name in ("postgres", "redis"):
        assert compose["services"][name]["networks"] == ["data"]
    assert compose["services"]["proxy"]["networks"] == ["front"]
    reached = {
        name for name, service in compose["services"].items() if "data" in service["networks"]
    }
    # The demo's sandbox and certificates inherit it.
    assert reached == {*PORTAL, "set-up", "postgres", "redis", "sandbox", "certificates"}


def test_the_portal_trusts_the_word_of_the_network_that_the_proxy_is_in(compose: Any) -> None:
    [front] = compose["networks"]["front"]["ipam"]["config"]
    trusted = compose["services"]["web"]["environment"]["TRUSTED_PROXIES"]
    assert trusted == f"${{TRUSTED_PROXIES:-{front['subnet']}}}"


def test_the_proxy_says_who_calls_and_how_and_never_compresses_a_page() -> None:
    proxy = ROOT / "containers" / "proxy"
    portal = (proxy / "portal.conf").read_text()
    before, _, pages = portal.partition("location / {")
    pages, _, static = pages.partition("location /static/ {")
    for told in (before, pages):  # `proxy_set_header` in a location forgets those before it
        assert "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;" in told
        assert "proxy_set_header X-Forwarded-Proto $scheme;" in told
        assert "proxy_set_header Host $http_host;" in told
    assert "gzip off;" in before
    assert 'proxy_set_header Accept-Encoding "";' in pages
    assert "gzip on;" not in pages
    assert "gzip on;" in static.split("}")[0]
    assert "non_idempotent" not in portal  # what was sent once is not sent again
    for way in ("tls", "plain"):
        assert "include /etc/nginx/portal/portal.conf;" in (proxy / f"{way}.conf").read_text()


def test_the_proxy_waits_longer_than_the_web_server_takes(compose: Any) -> None:
    portal = (ROOT / "containers" / "proxy" / "portal.conf").read_text()
    waits = int(re.findall(r"proxy_read_timeout (\d+)s;", portal)[0])
    assert waits > int(
        re.findall(r"^timeout = (\d+)", (ROOT / "gunicorn.conf.py").read_text(), re.M)[0]
    )


def test_everything_that_is_copied_is_there_and_let_through(
    stages: dict[str, list[tuple[str, str]]],
) -> None:
    let_through = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    copied = {
        source
        for stage in stages.values()
        for instruction, rest in stage
        if instruction == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    for source in copied:
        assert (ROOT / source).exists()
        assert any(Path(source.split("/")[0]).match(pattern) for pattern in let_through), source


def test_every_group_of_requirements_pins_the_same_versions() -> None:
    product, sandbox, demo, dev = (
        pins(f"requirements{group}") for group in ("", "-sandbox", "-demo", "-dev")
    )
    assert product.items() <= demo.items() <= dev.items()
    assert sandbox.items() <= demo.items()
    for name in ("django", "celery", "fhirclient", "nhsuk-frontend-jinja"):
        assert product[name] == version(name)


def test_every_requirement_has_its_reason() -> None:
    for file in ROOT.glob("requirements*.in"):
        for line in file.read_text().splitlines():
            if line and not line.startswith(("#", "-r ")):
                assert re.search(r"\S +# \w.+", line), f"{file.name}: {line}"


def test_the_design_system_and_its_templates_are_the_measured_pair() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    assert package["dependencies"]["nhsuk-frontend"] == "10.6.1"
    assert pins("requirements")["nhsuk-frontend-jinja"] == "0.10.2"


def test_nothing_that_is_served_loads_anything_from_elsewhere() -> None:
    served = [*assets.VENDOR.rglob("*.css"), *assets.VENDOR.rglob("*.json")]
    assert served
    for file in served:
        text = file.read_text()
        assert "@font-face" not in text
        assert "sourceMappingURL" not in text
        for url in re.findall(r"url\(([^)]*)\)", text):
            assert url.startswith("data:") or (file.parent / url).is_file(), url
