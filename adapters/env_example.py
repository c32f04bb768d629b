"""`.env.example`, written from `Settings`: `python -m adapters.env_example`.

One line of explanation and one commented assignment a setting, so that the file can be
copied to `.env` as it is and only what differs from the default needs a hand.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic.fields import FieldInfo

from adapters.settings import Settings

FILE: Final = Path(__file__).resolve().parent.parent / ".env.example"

SECTIONS: Final = {
    "data_dir": "基本",
    "database_url": "資料庫與向量庫（不填就用 DATA_DIR 裡的內嵌版本）",
    "llm_engine": "語言模型（任何 OpenAI 相容的伺服器；不填就用內嵌模型）",
    "hf_endpoint": "模型中心（secretary model check、serve；名稱與 Hugging Face 的工具相同）",
    "max_file_mb": "文件",
    "embedding_engine": "向量模型（不填就用內建的）",
    "notion_token": "Notion",
    "web_pages": "網頁，與自動同步",
    "line_channel_secret": "LINE",
    "slack_bot_token": "Slack",
    "discord_token": "Discord",
    "admin_password": "管理與 API",
}
"""The setting that opens a section, and the section's heading."""

_HEAD: Final = """\
# 小秘書的設定。複製成 .env 再改；每一項都可以不填；有寫值的，那就是預設值。
# 同名的環境變數優先於 .env。名稱打錯、值不對或少填一半，啟動時會用一句話說出是哪一項。
# 這個檔由 `make env-example` 產生，請改 adapters/settings.py。
"""


def render() -> str:
    return _HEAD + "".join(_lines())


def _lines() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        if name in SECTIONS:
            yield f"\n# ---- {SECTIONS[name]} ----\n"
        yield f"\n# {field.description}\n# {name.upper()}={_default(field)}\n"


def _default(field: FieldInfo) -> str:
    """As one would write it in the file; nothing where the default is "unset" or an empty list."""
    value = field.default
    if value is None or value == ():
        return ""
    return ",".join(value) if isinstance(value, tuple) else str(value)


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
