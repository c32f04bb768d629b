"""Where documents come from: each source tells what changed since it was last read."""
