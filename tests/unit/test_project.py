"""The files around the code say what the code says."""

import re
import tomllib
from pathlib import Path

import pytest
from dotenv import dotenv_values

from adapters.cli.main import COMMANDS
from adapters.env_example import FILE, SECTIONS, render
from adapters.environment import load
from adapters.settings import Settings
from tests.support.compose import COMPOSE_ONLY
from tests.support.project import ROOT, SETTINGS, locked, text

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


def name_of(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match is not None
    return match[0].lower().replace("_", "-")
