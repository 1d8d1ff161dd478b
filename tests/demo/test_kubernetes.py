"""The Kubernetes manifests: read and held against compose; no cluster has ever run them."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.demo.processes import ROOT
from tests.demo.test_compose import names_read_by_settings

MANIFESTS = ROOT / "kubernetes"
GUIDE = ROOT / "docs" / "operations.md"


def documents() -> list[Any]:
    listed = yaml.safe_load((MANIFESTS / "kustomization.yaml").read_text())["resources"]
    assert set(listed) == {
        path.name for path in MANIFESTS.glob("*.yaml") if path.name != "kustomization.yaml"
    }
    return [
        document
        for name in listed
        for document in yaml.safe_load_all((MANIFESTS / name).read_text())
    ]


def of(kind: str) -> dict[str, Any]:
    return {one["metadata"]["name"]: one for one in documents() if one["kind"] == kind}


@pytest.fixture(scope="module")
def pods() -> dict[str, Any]:
    return {
        name: one["spec"]["template"]["spec"]
        for name, one in (of("Deployment") | of("Job")).items()
    }


def test_the_same_commands_run_as_under_compose(pods: dict[str, Any]) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name in ("web", "worker", "beat"):
        [container] = pods[name]["containers"]
        assert " ".join(container["args"]) == compose[name]["command"]
    assert " ".join(pods["set-up"]["containers"][0]["args"]) in compose["set-up"]["command"]


def test_every_pod_is_held_and_bounded(pods: dict[str, Any]) -> None:
    assert set(pods) == {"web", "worker", "beat", "set-up"}
    for pod in pods.values():
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 10001
        [container] = pod["containers"]
        held = container["securityContext"]
        assert held["readOnlyRootFilesystem"] is True
        assert held["allowPrivilegeEscalation"] is False
        assert held["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        assert {"mountPath": "/certificates", "name": "certificates", "readOnly": True} in (
            container["volumeMounts"]
        )  # and no subPath: renewed files are seen


def test_web_is_asked_what_web_needs_and_restarted_for_nothing_else(pods: dict[str, Any]) -> None:
    [container] = pods["web"]["containers"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert pods["web"]["terminationGracePeriodSeconds"] > 8 + 30
    for name in ("worker", "beat"):
        assert "exec" in pods[name]["containers"][0]["livenessProbe"]


def test_one_web_and_one_worker_are_always_left() -> None:
    for name in ("web", "worker"):
        assert of("PodDisruptionBudget")[name]["spec"]["minAvailable"] == 1
        deployment = of("Deployment")[name]["spec"]
        assert deployment["replicas"] >= 2
        assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_nothing_is_reached_but_what_is_said() -> None:
    policies = of("NetworkPolicy")
    nothing = policies["nothing"]["spec"]
    assert nothing == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    [rule] = policies["from-the-proxy-and-monitoring"]["spec"]["ingress"]
    assert [port["port"] for port in rule["ports"]] == [8000]


def given(name: str) -> dict[str, str]:
    lines = (MANIFESTS / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line)


def test_no_secret_is_in_the_settings() -> None:
    for name in ("settings.env", "owner.env"):
        assert not given(name).keys() & {"SECRET_KEY", "REDIS_URL", "GPCONNECT_DIRECTORY_API_KEY"}
        assert not any("PASSWORD" in one for one in given(name))
        assert ":" not in urlsplit(given(name)["DATABASE_URL"]).netloc.partition("@")[0]
    assert of("Secret") == {}


def test_every_setting_is_one_that_the_settings_read() -> None:
    read = names_read_by_settings() | {"DJANGO_SETTINGS_MODULE"}
    assert given("settings.env").keys() <= read
    assert {"APPLICATION_ROLE", "OPENTELEMETRY_ENDPOINT"} <= given("settings.env").keys()


def test_only_the_set_up_has_the_password_of_the_tables_owner(pods: dict[str, Any]) -> None:
    """As under compose: the others sign in as a role that owns nothing."""
    owner, role = given("owner.env")["DATABASE_URL"], given("settings.env")["DATABASE_URL"]
    assert urlsplit(role).username == given("settings.env")["APPLICATION_ROLE"]
    assert urlsplit(owner).username != urlsplit(role).username
    assert urlsplit(owner)._replace(netloc="") == urlsplit(role)._replace(netloc="")
    assert "sslmode=verify-full" in role
    for name, pod in pods.items():
        [container] = pod["containers"]
        named = [next(iter(one.values()))["name"] for one in container["envFrom"]]
        assert named == ["settings", "secrets"]
        if name != "set-up":
            assert "owner" not in str(pod)
            assert "env" not in container
    [container] = pods["set-up"]["containers"]
    assert {
        one["name"]: [(ref["name"], ref["key"]) for ref in one["valueFrom"].values()]
        for one in container["env"]
    } == {
        "DATABASE_URL": [("owner", "DATABASE_URL")],
        "DATABASE_PASSWORD": [("owner", "DATABASE_PASSWORD")],
        "APPLICATION_ROLE_PASSWORD": [("secrets", "DATABASE_PASSWORD")],
    }


def test_spans_may_leave_by_the_port_that_the_docs_name() -> None:
    rules = of("NetworkPolicy")["to-what-the-portal-asks"]["spec"]["egress"]
    port = urlsplit(
        re.findall(r"OPENTELEMETRY_ENDPOINT` \(say `(\S+?)`", GUIDE.read_text())[0]
    ).port
    assert port in {each["port"] for rule in rules for each in rule["ports"]}
