"""A whole migration on this machine, by the very commands that a real one takes."""
