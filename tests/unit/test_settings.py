"""Settings: what is read, what is refused, and that a refusal never repeats a secret."""

import os
from pathlib import Path

import pytest

from adapters.environment import load
from adapters.settings import Settings
from bot.errors import ConfigError
from bot.phrases import describe
from bot.settings import PaidModel

SECRET = "sk-must-never-be-shown"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine that runs the tests, and no `.env` of this folder."""
    for name in [*os.environ]:
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def refused(env_file: Path | None = None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(env_file)
    return caught.value


def write(text: str, name: str = ".env", encoding: str = "utf-8") -> Path:
    path = Path(name)
    path.write_text(text, encoding=encoding)
    return path


# ---- defaults


def test_nothing_set_gives_the_documented_defaults() -> None:
    settings = load()
    expected = {
        "data_dir": Path("data"),
        "http_host": "127.0.0.1",
        "http_port": 8000,
        "log_level": "INFO",
        "bot_language": "zh-TW",
        "timezone": "Asia/Taipei",
        "llm_timeout_s": 60,
        "line_push_policy": "never",
        "line_api_base": "https://api.line.me",
        "slack_api_base": "https://slack.com/api/",
        "discord_api_base": "https://discord.com/api/v10",
        "notion_api_base": "https://api.notion.com",
        "api_keys": (),
    }
    assert settings.model_dump() | expected == settings.model_dump()
    assert settings.platforms() == ()
    assert settings.knowledge().database_url.startswith("sqlite:///")


def test_settings_cannot_be_changed_after_start() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().http_port = 1


# ---- where values come from


def test_dot_env_is_read() -> None:
    write("HTTP_PORT=8123\nBOT_LANGUAGE=en\n")
    settings = load()
    assert (settings.http_port, settings.bot_language) == (8123, "en")


def test_the_environment_wins_over_dot_env(monkeypatch: pytest.MonkeyPatch) -> None:
    write("HTTP_PORT=8123\n")
    monkeypatch.setenv("HTTP_PORT", "8124")
    assert load().http_port == 8124


def test_other_programs_variables_are_not_our_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "vi")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    write("SOMETHING_ELSE=1\n")
    assert load().http_port == 8000


@pytest.mark.parametrize("value", ["", "   "], ids=["empty", "blanks"])
def test_an_empty_value_in_the_file_means_the_default(value: str) -> None:
    write(f"HTTP_PORT=\nLLM_BASE_URL=\nQDRANT_API_KEY={value}\nAPI_KEYS={value}\n")
    settings = load()
    assert (settings.http_port, settings.llm_base_url, settings.api_keys) == (8000, None, ())


def test_an_empty_environment_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PORT", "")
    assert load().http_port == 8000


def test_lists_are_comma_separated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEYS", "one, two ,,three,")
    assert load().api_keys == ("one", "two", "three")


# ---- what follows from what


@pytest.mark.parametrize(
    ("env", "engine", "concurrency"),
    [
        ({"LLM_BASE_URL": "http://gpu:8080/v1"}, "openai", 8),
        ({"LLM_BASE_URL": "http://gpu:8080/v1, http://gpu2:8080/v1"}, "openai", 16),
        ({"LLM_BASE_URL": "http://gpu:8080/v1", "LLM_ENGINE": "none"}, "none", 1),
        ({"LLM_BASE_URL": "http://gpu:8080/v1", "LLM_CONCURRENCY": "3"}, "openai", 3),
        ({}, "none", 1),
    ],
)
def test_the_engine_follows_from_what_is_there(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], engine: str, concurrency: int
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    settings = load()
    assert (settings.engine(), settings.concurrency()) == (engine, concurrency)


def test_a_model_file_that_is_there_turns_the_embedded_engine_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("some.gguf").touch()
    monkeypatch.setenv("LLM_MODEL_PATH", "some.gguf")
    assert load().engine() == "embedded"


def test_an_embedding_server_is_used_when_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_BASE_URL", "http://gpu:8081/v1")
    assert load().knowledge().embedding_engine == "openai"


def test_a_platform_is_on_when_its_secrets_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", SECRET)
    assert load().platforms() == ("discord",)


# ---- what is refused


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("LLM_BASEURL", "LLM_BASE_URL"),
        ("QDRANT_ULR", "QDRANT_URL"),
        ("DISCORD_TOKENS", "DISCORD_TOKEN"),
        ("LINE_CHANNEL_SECRETS", "LINE_CHANNEL_SECRET"),
    ],
)
def test_a_typo_is_named_with_what_was_meant(written: str, meant: str) -> None:
    error = refused(write(f"{written}=http://localhost:1/v1\n"))
    assert (error.code, error.detail) == ("config.typo", {"name": written, "meant": meant})


def test_a_typo_in_the_environment_is_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URI", "sqlite:///x.db")
    assert refused().detail["meant"] == "DATABASE_URL"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PORT", "eight"),
        ("HTTP_PORT", "70000"),
        ("LOG_LEVEL", "LOUD"),
        ("BOT_LANGUAGE", "fr"),
        ("TIMEZONE", "Asia/Atlantis"),
        ("DATABASE_URL", "mysql://root@localhost/x"),
        ("QDRANT_URL", "localhost:6333"),
        ("LLM_BASE_URL", "gpu:8080/v1"),
        ("LLM_BASE_URL", "http://gpu:8080/v1,gpu2:8080/v1"),
        ("LLM_BASE_URL", ","),
        ("LLM_FALLBACK_TOKENS_PER_DAY", "0"),
        ("LLM_ENGINE", "magic"),
        ("LLM_TIMEOUT_S", "0"),
        ("LLM_CONCURRENCY", "-1"),
        ("EMBEDDING_ENGINE", "word2vec"),
        ("LINE_PUSH_POLICY", "sometimes"),
    ],
)
def test_a_bad_value_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    error = refused()
    assert (error.code, error.detail["name"]) == ("config.value", name)


@pytest.mark.parametrize(
    ("given", "needed"),
    [
        ("LLM_API_KEY", "LLM_BASE_URL"),
        ("LLM_MODEL", "LLM_BASE_URL"),
        ("LLM_FALLBACK_API_KEY", "LLM_FALLBACK_BASE_URL"),
        ("LLM_FALLBACK_MODEL", "LLM_FALLBACK_BASE_URL"),
        ("QDRANT_API_KEY", "QDRANT_URL"),
        ("EMBEDDING_API_KEY", "EMBEDDING_BASE_URL"),
        ("LINE_CHANNEL_SECRET", "LINE_CHANNEL_ACCESS_TOKEN"),
        ("LINE_CHANNEL_ACCESS_TOKEN", "LINE_CHANNEL_SECRET"),
        ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN / SLACK_SIGNING_SECRET"),
        ("SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN"),
        ("NOTION_ROOTS", "NOTION_TOKEN"),
    ],
)
def test_half_a_section_names_both_halves(
    monkeypatch: pytest.MonkeyPatch, given: str, needed: str
) -> None:
    # A root is an id, which a secret is not.
    monkeypatch.setenv(given, "0" * 32 if given == "NOTION_ROOTS" else SECRET)
    error = refused()
    assert error.code == "config.half"
    assert given in error.detail["given"]
    assert error.detail["needed"] == needed


@pytest.mark.parametrize("lacking", ["LLM_FALLBACK_MODEL", "LLM_FALLBACK_TOKENS_PER_DAY"])
def test_a_paid_model_needs_its_name_and_its_budget(
    monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    whole = {
        "LLM_FALLBACK_BASE_URL": "https://paid.test/v1",
        "LLM_FALLBACK_MODEL": "large",
        "LLM_FALLBACK_TOKENS_PER_DAY": "50000",
    }
    for name, value in whole.items():
        monkeypatch.setenv(name, value)
    assert load().bot().model.last_resort == PaidModel("https://paid.test/v1", None, "large", 50000)
    monkeypatch.delenv(lacking)
    assert refused().detail == {"given": "LLM_FALLBACK_BASE_URL", "needed": lacking}


def test_an_engine_without_its_server_is_half_a_section(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_ENGINE", "openai")
    assert refused().detail == {"given": "LLM_ENGINE=openai", "needed": "LLM_BASE_URL"}


def test_an_env_file_that_is_no_text_is_named() -> None:
    path = write("LOG_LEVEL=繁體\n", encoding="big5")
    assert (refused(path).code, refused(path).detail) == ("config.file", {"path": ".env"})


# ---- secrets


@pytest.mark.parametrize(
    "env",
    [
        {"QDRANT_URL": SECRET},
        {"DATABASE_URL": f"mysql://user:{SECRET}@host/db"},
        {"LLM_API_KEY": SECRET},
        {"LINE_CHANNEL_SECRET": SECRET},
        {"LLM_BASE_URI": f"http://user:{SECRET}@host/v1"},
    ],
    ids=["url", "database", "key", "half", "typo"],
)
@pytest.mark.parametrize("language", ["zh-TW", "en"])
def test_a_refusal_never_repeats_the_value(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], language: str
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    error = refused()
    sentence = describe(error, language)
    assert SECRET not in sentence
    assert SECRET not in repr(error)
    assert SECRET not in str(error.__cause__)
    assert all(value in sentence for value in error.detail.values())
