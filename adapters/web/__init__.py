"""The chat page and the bot's own OpenAI-compatible API."""
