"""What can go wrong in the bot, as values that a sentence can be made of.

BotError                code + detail; the sentence is `bot.phrases` under that code
├── ModelError          the language model gave no usable answer; the extractive engine takes over
│   ├── ModelUnavailable    not reachable, 5xx, still loading, child process gone
│   ├── ModelTimeout        no first or no next token within LLM_TIMEOUT_S
│   ├── ModelRejected       401/403, unknown model (404), bad request: the owner must act
│   ├── ModelBusy           429 after the retries
│   ├── ModelEvasive        a filter of the server or a set phrase of the model stood before the answer
│   └── ModelGarbage        replied, but not in the protocol, or with nothing in it
└── ConfigError         a setting is wrong; the program ends with exit 1 and names it
"""


class BotError(Exception):
    """Raised by `bot`; catchers show `bot.phrases.describe(error)`."""

    def __init__(self, code: str, **detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class ModelError(BotError):
    """Raised by engines; the assistant answers extractively and says so."""


class ModelUnavailable(ModelError):
    """The server cannot be reached or is not ready."""


class ModelTimeout(ModelError):
    """The server was silent for longer than LLM_TIMEOUT_S."""


class ModelRejected(ModelError):
    """The server refused key, model name or request; only the owner can mend it."""


class ModelBusy(ModelError):
    """The server said 429 until the retries ran out."""


class ModelEvasive(ModelError):
    """A word list of the model's maker was met; another model may answer."""


class ModelGarbage(ModelError):
    """The reply was empty or not in the protocol."""


class ConfigError(BotError):
    """Raised while settings are read or objects are built; the CLI prints it and exits 1."""
