"""The Kubernetes manifests: read and held against compose; no cluster has ever run them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.demo.processes import ROOT

MANIFESTS = ROOT / "kubernetes"


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


def test_no_secret_is_in_the_settings() -> None:
    names = {
        line.split("=", 1)[0]
        for line in Path(MANIFESTS / "settings.env").read_text().splitlines()
        if line
    }
    assert not names & {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "GPCONNECT_DIRECTORY_API_KEY"}
    assert of("Secret") == {}
