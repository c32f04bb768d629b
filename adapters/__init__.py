"""Every door into the bot: the web page, its API and the terminal."""
