"""The terminal door: one small file a command — parse, call, print."""
