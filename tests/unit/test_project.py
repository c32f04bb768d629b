"""The files around the code say what the code says."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from adapters.cli.main import COMMANDS
from adapters.env_example import FILE, SECTIONS, render
from adapters.environment import load
from adapters.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_ONLY = {"DOCUMENTS", "LLM_HF_GGUF", "LLM_HF_MODEL"}
SETTINGS = {name.upper() for name in Settings.model_fields}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# ---- .env.example


def test_the_example_is_up_to_date() -> None:
    assert FILE.read_text(encoding="utf-8") == render(), "run `make env-example`"


def test_the_example_names_every_setting_once() -> None:
    named = re.findall(r"^# ([A-Z_]+)=", render(), flags=re.MULTILINE)
    assert named == [name.upper() for name in Settings.model_fields]


def test_every_section_of_the_example_opens_with_a_setting() -> None:
    assert set(SECTIONS) <= set(Settings.model_fields)


def test_the_example_with_all_its_lines_in_force_gives_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / ".env"
    path.write_text(re.sub(r"^# ([A-Z_]+=)", r"\1", render(), flags=re.MULTILINE), "utf-8")
    assert set(dotenv_values(path)) == SETTINGS
    assert load(path) == load(None)


# ---- README, version


def test_the_readme_lists_every_command() -> None:
    chinese, english = text("README.md").split("\n# Secretary", 1)
    for command in COMMANDS:
        assert f"secretary {command}" in chinese
        assert f"secretary {command}" in english


def test_the_readme_names_no_unknown_setting() -> None:
    shown = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`", text("README.md")))
    assert shown <= SETTINGS | COMPOSE_ONLY


def test_the_readme_names_only_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), flags=re.MULTILINE))
    assert (
        set(re.findall(r"(?:^|`)make ([a-z-]+)", text("README.md"), flags=re.MULTILINE)) <= targets
    )


@pytest.mark.parametrize(
    "page",
    ["README.md", *(f"{name}/README.md" for name in ("adapters", "bot", "knowledge", "tests"))],
)
def test_links_inside_the_project_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", text(page))
    broken = [link for link in links if not (ROOT / page).parent.joinpath(link).exists()]
    assert broken == []


def test_the_changelog_opens_with_this_version() -> None:
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    newest = re.search(r"^## \[([^]]+)]", text("CHANGELOG.md"), flags=re.MULTILINE)
    assert newest is not None
    assert newest[1] == version


# ---- lock


@pytest.mark.parametrize("name", ["requirements/run.txt", "requirements/dev.txt"])
def test_the_lock_is_pinned_hashed_and_free_of_this_machine(name: str) -> None:
    lock = text(name)
    lines = [line for line in lock.splitlines() if re.match(r"[a-z]", line)]
    assert lines
    assert all("==" in line and line.endswith("\\") for line in lines)
    assert "sha256:" in lock
    assert not re.search(r"https?:|file:|find-links|index-url|(^|\s)/", lock)


def test_both_locks_agree() -> None:
    assert locked("requirements/run.txt").items() <= locked("requirements/dev.txt").items()


def test_the_lock_holds_every_declared_dependency() -> None:
    project = tomllib.loads(text("pyproject.toml"))
    declared = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["embedded"],
        *project["dependency-groups"]["build"],
    ]
    assert {name_of(line) for line in declared} <= set(locked("requirements/run.txt"))


def test_torch_is_never_installed_by_make() -> None:
    names = set(locked("requirements/dev.txt"))
    assert not names & {"torch", "transformers", "triton"}


def locked(name: str) -> dict[str, frozenset[str]]:
    """Package → versions (one a marker)."""
    found: dict[str, set[str]] = {}
    for package, version in re.findall(r"^([a-z0-9_.-]+)==(\S+)", text(name), flags=re.MULTILINE):
        found.setdefault(package, set()).add(version)
    return {package: frozenset(versions) for package, versions in found.items()}


def name_of(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match is not None
    return match[0].lower().replace("_", "-")


# ---- compose


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded = yaml.safe_load(text("docker-compose.yml"))
    assert isinstance(loaded, dict)
    return loaded


def test_compose_gives_the_bot_only_settings_that_exist(compose: dict[str, Any]) -> None:
    given = set(compose["services"]["bot"]["environment"]) - {"PYTHONSAFEPATH"}
    assert {"QDRANT_URL", "LLM_BASE_URL", "DATA_DIR"} <= given <= SETTINGS


def test_compose_asks_only_for_variables_that_are_explained(compose: dict[str, Any]) -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", text("docker-compose.yml")))
    assert asked - SETTINGS == COMPOSE_ONLY
    assert all(name in text("README.md") for name in COMPOSE_ONLY)


def test_compose_models_answer_where_the_bot_asks(compose: dict[str, Any]) -> None:
    models = [value for name, value in compose["services"].items() if name.startswith("model-")]
    assert sorted(service["profiles"][0] for service in models) == ["cpu", "gpu"]
    assert "http://model:8080/v1" in compose["services"]["bot"]["environment"]["LLM_BASE_URL"]
    for service in models:
        assert service["networks"]["default"]["aliases"] == ["model"]
        assert service["command"][service["command"].index("--port") + 1] == "8080"


def test_compose_runs_the_qdrant_that_the_client_is_made_for(compose: dict[str, Any]) -> None:
    (client,) = locked("requirements/run.txt")["qdrant-client"]
    tag = compose["services"]["qdrant"]["image"].split(":v")[1]
    assert tag.split(".")[:2] == client.split(".")[:2]


def test_compose_keeps_the_bot_small_in_rights(compose: dict[str, Any]) -> None:
    bot = compose["services"]["bot"]
    assert bot["read_only"] is True
    assert bot["user"].split(":")[0] not in ("0", "root")
    assert bot["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in bot["ports"])
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["bot"]


def test_every_compose_service_has_a_health_check_and_a_tag(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert service["healthcheck"]["test"][0] == "CMD"
        assert re.search(r":[\w.-]+$", service["image"])
        assert not service["image"].endswith(":latest")


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
