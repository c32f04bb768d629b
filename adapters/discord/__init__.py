"""The bot on Discord: gateway in, REST out."""
