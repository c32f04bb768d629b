"""What README.md says to type is what the program takes."""

import argparse
import re
import runpy
import sys
from typing import Any

import click
import pytest
import yaml

from adapters.cli.main import secretary
from tests.support.project import text
from tests.support.readme import (
    Shown,
    blocks,
    halves,
    module_commands,
    secretary_commands,
    shell_lines,
)

COMMANDS = secretary_commands()


def test_there_is_something_to_look_at() -> None:
    assert len(COMMANDS) > 150
    assert len(module_commands()) >= 8


@pytest.mark.parametrize("shown", COMMANDS, ids=str)
def test_the_program_takes_every_command(shown: Shown) -> None:
    command, context, rest = _resolved(shown)
    values, left, _ = command.make_parser(context).parse_args(rest)
    assert left == []
    for parameter in command.params:
        value = values.get(str(parameter.name))
        if isinstance(parameter.type, click.Choice) and isinstance(value, str) and value != "…":
            assert value in parameter.type.choices
        if parameter.required and rest:  # a bare name in a sentence is not the whole command
            assert value not in (None, ()), f"without {parameter.name}"


@pytest.mark.parametrize("shown", module_commands(), ids=str)
def test_every_program_of_the_tests_takes_its_command(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, *arguments = shown.words
    parse = argparse.ArgumentParser.parse_args

    def only_parse(self: argparse.ArgumentParser, *args: Any) -> Any:
        parse(self, *args)
        raise _Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", only_parse)
    monkeypatch.setattr(
        sys, "argv", [module, *("1" if word == "…" else word for word in arguments)]
    )
    monkeypatch.delitem(sys.modules, module, raising=False)  # runpy warns of running it twice
    with pytest.raises(_Parsed):
        runpy.run_module(module, run_name="__main__")


def test_both_languages_show_the_same_commands() -> None:
    border = halves()[0].count("\n") + 1
    named: dict[bool, set[str]] = {True: set(), False: set()}
    for shown in COMMANDS:
        command, context, _ = _resolved(shown)
        if not isinstance(command, click.Group):
            named[shown.line <= border].add(context.command_path)
    assert named[True] == named[False]


def test_compose_knows_the_profiles_and_services_that_are_named() -> None:
    services = yaml.safe_load(text("docker-compose.yml"))["services"]
    profiles = {name for service in services.values() for name in service.get("profiles", ())}
    page = text("README.md")
    assert set(re.findall(r"--profile (\w+)", page)) <= profiles
    assert set(re.findall(r"docker compose exec (\w+)", page)) <= set(services)
    assert set(re.findall(r"http://(\w+):8000`", page)) <= set(services)


def test_every_yaml_block_can_be_read() -> None:
    found = [yaml.safe_load(block) for half in halves() for block in blocks(half, "yaml")]
    assert found
    assert all(isinstance(block, dict) for block in found)


def test_shell_lines_begin_with_a_program_that_is_introduced() -> None:
    known = {"make", "secretary", ".venv/bin/secretary", "docker", "echo", "chmod"}
    known |= {"cloudflared", "llamafactory-cli", "vllm"}
    lines = [words for half in halves() for words in shell_lines(half)]
    programs = [next(word for word in words if "=" not in word) for words in lines]
    assert set(programs) <= known


class _Parsed(Exception):
    """The command line was taken."""


def _resolved(shown: Shown) -> tuple[click.Command, click.Context, list[str]]:
    """The innermost command, and what is left for it."""
    command: click.Command = secretary
    context = click.Context(command, info_name="secretary")
    rest = list(shown.words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        inner = command.get_command(context, name)
        assert inner is not None, f"there is no {name}"
        command, context = inner, click.Context(inner, info_name=name, parent=context)
    return command, context, rest
