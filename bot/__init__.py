"""What the bot decides and remembers: the policy of one answer, and its engines."""
