"""`secretary phrases`: the sentences that customers read, and the owner's own instead of them."""

from dataclasses import asdict

import click

from adapters.cli.asking import asker
from adapters.cli.console import print_json
from adapters.cli.remembering import Remembered, remembered
from bot.phrases import TABLES, say
from bot.words import Sentence, Words

_language = click.option(
    "--language", type=click.Choice(list(TABLES)), help="哪一種語言（預設：BOT_LANGUAGE）"
)
_json = click.option("--json", "as_json", is_flag=True, help="只印出一行 JSON")


@click.group(invoke_without_command=True)
@click.pass_context
def phrases(context: click.Context) -> None:
    """顧客看到的句子；不寫子指令就是 list。"""
    if context.invoked_subcommand is None:
        context.invoke(list_phrases)


@phrases.command("list")
@_language
@_json
def list_phrases(language: str | None, as_json: bool) -> None:
    """可以改的句子：預設的，和你自己的。"""
    with remembered() as memory:
        sentences = _words(memory).list(language or memory.language)
        shown = memory.language
    if as_json:
        print_json([asdict(sentence) for sentence in sentences])
    else:
        click.echo("\n\n".join(_told(sentence, shown) for sentence in sentences))


@phrases.command("show")
@click.argument("code")
@_language
@_json
def show_phrase(code: str, language: str | None, as_json: bool) -> None:
    """一個句子，和裡面可以用的 {欄位}。"""
    with remembered() as memory:
        sentence = _words(memory).get(code, language or memory.language)
        shown = memory.language
    if as_json:
        print_json(asdict(sentence))
    else:
        click.echo(_told(sentence, shown))


@phrases.command("set")
@click.argument("code")
@click.argument("text")
@_language
def set_phrase(code: str, text: str, language: str | None) -> None:
    """改成你自己的句子；執行中的小秘書幾秒內就會照著說。"""
    author = asker()
    with remembered() as memory:
        spoken = language or memory.language
        _words(memory).set(code, spoken, text, f"{author.platform}:{author.user_id}")
        click.echo(say("cli.phrase_saved", memory.language, name=code, spoken=spoken))


@phrases.command("reset")
@click.argument("code")
@_language
def reset_phrase(code: str, language: str | None) -> None:
    """改回預設的句子。"""
    with remembered() as memory:
        spoken = language or memory.language
        had = _words(memory).reset(code, spoken)
        key = "cli.phrase_reset" if had else "cli.phrase_was_default"
        click.echo(say(key, memory.language, name=code, spoken=spoken))


def _words(memory: Remembered) -> Words:
    return Words(memory.storage, memory.now)


def _told(sentence: Sentence, language: str) -> str:
    own = say("cli.phrase_none", language) if sentence.own is None else sentence.own
    lines = [
        f"{sentence.code} ({sentence.language})",
        "  " + say("cli.phrase_default", language, text=sentence.default),
        "  " + say("cli.phrase_own", language, text=own.replace("\n", "\n    ")),
    ]
    if sentence.placeholders:
        names = " ".join(f"{{{name}}}" for name in sentence.placeholders)
        lines.append("  " + say("cli.phrase_placeholders", language, names=names))
    return "\n".join(lines)
