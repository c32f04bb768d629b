"""docker-compose.yml: is it Compose at all, and does it keep what it promises?

`docker compose config` has the last word where Docker is there, the Compose specification's
schema where it is in SPECS_DIR; everywhere, the shape of what the file uses is checked here.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from adapters.environment import load
from tests.support.compose import COMPOSE_ONLY, FILE, loaded, schema
from tests.support.project import SETTINGS, locked, text

PROFILES = ("cpu", "gpu", "tunnel")
_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT, "minItems": 1}
_TIME = {"type": "string", "pattern": r"^(\d+(h|m|s|ms))+$"}
_SIZE = {"type": "string", "pattern": r"^(\d+[kmg]|\$\{[A-Z_]+:-\d+[kmg]\})$"}
_DEPENDENCY = {
    "type": "object",
    "properties": {"condition": {"enum": ["service_healthy", "service_completed_successfully"]}},
    "required": ["condition"],
    "additionalProperties": False,
}
_DEVICE = {
    "type": "object",
    "properties": {"driver": _TEXT, "count": {"enum": ["all"]}, "capabilities": _TEXTS},
    "required": ["capabilities"],
    "additionalProperties": False,
}
_LIMITS = {
    "type": "object",
    "properties": {"cpus": _TEXT, "memory": _SIZE, "pids": {"type": "integer"}},
    "required": ["memory"],
    "additionalProperties": False,
}
SERVICE = {
    "type": "object",
    "properties": {
        "build": {"const": "."},
        "cap_add": _TEXTS,
        "cap_drop": {"const": ["ALL"]},
        "command": _TEXTS,
        "depends_on": {"type": "object", "additionalProperties": _DEPENDENCY},
        "deploy": {
            "type": "object",
            "properties": {
                "resources": {
                    "type": "object",
                    "properties": {
                        "limits": _LIMITS,
                        "reservations": {
                            "type": "object",
                            "properties": {"devices": {"type": "array", "items": _DEVICE}},
                            "additionalProperties": False,
                        },
                    },
                    "additionalProperties": False,
                }
            },
            "additionalProperties": False,
        },
        "env_file": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"path": _TEXT, "required": {"type": "boolean"}},
                "required": ["path"],
                "additionalProperties": False,
            },
        },
        "environment": {"type": "object", "additionalProperties": _TEXT},
        "healthcheck": {
            "type": "object",
            "properties": {
                "test": {**_TEXTS, "prefixItems": [{"const": "CMD"}]},
                "interval": _TIME,
                "timeout": _TIME,
                "start_period": _TIME,
                "retries": {"type": "integer", "minimum": 1},
            },
            "required": ["test", "interval", "timeout", "start_period", "retries"],
            "additionalProperties": False,
        },
        "image": {"type": "string", "pattern": r"^[a-z0-9./-]+:[\w.-]+$"},
        "logging": {
            "type": "object",
            "properties": {
                "driver": {"const": "json-file"},
                "options": {"type": "object", "additionalProperties": _TEXT},
            },
            "required": ["driver", "options"],
            "additionalProperties": False,
        },
        "network_mode": {"const": "none"},
        "networks": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {"aliases": _TEXTS},
                "additionalProperties": False,
            },
        },
        "ports": _TEXTS,
        "profiles": {"type": "array", "items": {"enum": list(PROFILES)}},
        "read_only": {"type": "boolean"},
        "restart": {"enum": ["unless-stopped", "no"]},
        "security_opt": _TEXTS,
        "shm_size": _SIZE,
        "stop_grace_period": _TIME,
        "tmpfs": _TEXTS,
        "user": {"type": "string", "pattern": r"^\d+:\d+$"},
        "volumes": _TEXTS,
    },
    "required": ["image", "restart", "logging", "read_only", "cap_drop", "security_opt"],
    "additionalProperties": False,
}
"""The part of the Compose specification that the file uses, as strict as it needs."""


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return loaded()


def lasting(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The services that go on; the others do one thing and end."""
    return {k: v for k, v in compose["services"].items() if v["restart"] != "no"}


# ---- is it Compose?


def test_it_has_the_shape_of_a_compose_file(compose: dict[str, Any]) -> None:
    assert set(compose) - {"x-service"} == {"name", "services", "volumes"}
    problems = [
        f"{name}/{'/'.join(map(str, error.absolute_path))}: {error.message}"
        for name, service in compose["services"].items()
        for error in Draft202012Validator(SERVICE).iter_errors(service)
    ]
    assert problems == []


def test_it_fits_the_compose_specification() -> None:
    path = schema()
    if not path.is_file():
        pytest.skip(f"no {path.name} in {path.parent} (SPECS_DIR)")
    validator = Draft7Validator(json.loads(path.read_text("utf-8")))
    assert [error.message for error in validator.iter_errors(loaded())] == []


@pytest.mark.parametrize("profile", ["", *PROFILES])
def test_docker_compose_finds_no_fault(profile: str, tmp_path: Path) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:  # fmt: skip
        pytest.skip("no docker compose here")
    env = tmp_path / ".env"
    env.write_text("API_KEYS=k\nPOSTGRES_PASSWORD=p\n")
    command = [docker, "compose", "--file", str(FILE), "--env-file", str(env)]
    command += ["--profile", profile] if profile else []
    done = subprocess.run([*command, "config", "--quiet"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_depends_on_what_is_there_with_it(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        for name, wanted in service.get("depends_on", {}).items():
            needs = "healthcheck" if wanted["condition"] == "service_healthy" else "command"
            assert needs in services[name]
            everywhere = "profiles" not in services[name]
            assert everywhere or set(service["profiles"]) <= set(services[name]["profiles"])


# ---- does it keep its promises?


@pytest.mark.parametrize("profile", ["cpu", "gpu"])
def test_each_way_has_bot_stores_and_one_model(compose: dict[str, Any], profile: str) -> None:
    services = lasting(compose).items()
    up = {name for name, one in services if profile in one.get("profiles", [profile])}
    assert up == {"bot", "qdrant", "postgres", f"model-{profile}"}


def test_the_gpu_is_reserved_and_only_there(compose: dict[str, Any]) -> None:
    reserved = {
        name: service["deploy"]["resources"]["reservations"]["devices"][0]["driver"]
        for name, service in lasting(compose).items()
        if "reservations" in service["deploy"]["resources"]
    }
    assert reserved == {"model-gpu": "nvidia"}


def test_nothing_lasting_runs_as_root_or_writes_where_it_should_not(
    compose: dict[str, Any],
) -> None:
    for name, service in lasting(compose).items():
        assert service["read_only"] is True
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "cap_add" not in service
        user = service.get("user", "0:0")
        assert not user.startswith("0:") or service["image"].endswith("-unprivileged"), name


def test_everything_lasting_is_watched_bounded_and_its_log_rotated(compose: dict[str, Any]) -> None:
    for service in lasting(compose).values():
        assert "healthcheck" in service
        assert service["deploy"]["resources"]["limits"]["memory"]
        assert {"max-size", "max-file"} <= set(service["logging"]["options"])


def test_what_runs_as_root_does_one_thing_and_ends(compose: dict[str, Any]) -> None:
    once = {k: v for k, v in compose["services"].items() if v["restart"] == "no"}
    assert set(once) == {"model-folder"}
    assert (once["model-folder"]["cap_add"], once["model-folder"]["network_mode"]) == (
        ["CHOWN"],
        "none",
    )


def test_no_secret_stands_in_the_file(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|KEY", name):
                assert value.startswith("${"), name


def test_the_file_asks_for_what_it_cannot_do_without() -> None:
    needed = re.findall(r"\$\{([A-Z_]+):\?", FILE.read_text("utf-8"))
    assert set(needed) == {"API_KEYS", "POSTGRES_PASSWORD"}


def test_its_own_variables_are_no_slips_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in COMPOSE_ONLY:
        monkeypatch.setenv(name, "x")
    load(None)


def test_the_bot_gets_only_settings_that_exist(compose: dict[str, Any]) -> None:
    given = set(compose["services"]["bot"]["environment"]) - {"PYTHONSAFEPATH"}
    assert {"QDRANT_URL", "LLM_BASE_URL", "DATA_DIR"} <= given <= SETTINGS


def test_compose_asks_only_for_variables_that_are_explained(compose: dict[str, Any]) -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", text("docker-compose.yml")))
    assert asked - SETTINGS == COMPOSE_ONLY
    assert all(name in text("README.md") for name in COMPOSE_ONLY)


def test_compose_models_answer_where_the_bot_asks(compose: dict[str, Any]) -> None:
    models = [value for name, value in lasting(compose).items() if name.startswith("model-")]
    assert sorted(service["profiles"][0] for service in models) == ["cpu", "gpu"]
    assert "http://model:8080/v1" in compose["services"]["bot"]["environment"]["LLM_BASE_URL"]
    for service in models:
        assert service["networks"]["default"]["aliases"] == ["model"]
        assert service["command"][service["command"].index("--port") + 1] == "8080"


def test_compose_runs_the_qdrant_that_the_client_is_made_for(compose: dict[str, Any]) -> None:
    (client,) = locked("requirements/run.txt")["qdrant-client"]
    tag = compose["services"]["qdrant"]["image"].split(":v")[1]
    assert tag.split(".")[:2] == client.split(".")[:2]


def test_the_bot_is_small_in_rights_and_alone_published(compose: dict[str, Any]) -> None:
    bot = compose["services"]["bot"]
    assert bot["read_only"] is True
    assert bot["user"].split(":")[0] not in ("0", "root")
    assert bot["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in bot["ports"])
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["bot"]


def test_every_image_is_pinned(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert not re.search(r":(latest|server|main)$", service["image"])


def test_every_compose_volume_is_declared(compose: dict[str, Any]) -> None:
    assert set(used_volumes(compose)) == set(compose["volumes"])


def used_volumes(compose: dict[str, Any]) -> Iterator[str]:
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            if not volume.startswith(("$", ".", "/")):
                yield volume.split(":")[0]


def test_the_image_runs_the_bot_as_compose_expects(compose: dict[str, Any]) -> None:
    dockerfile = text("Dockerfile")
    uid = compose["services"]["bot"]["user"].split(":")[0]
    assert f"--uid {uid}" in dockerfile
    assert "USER secretary" in dockerfile
    assert "--require-hashes --requirement requirements/run.txt" in dockerfile
