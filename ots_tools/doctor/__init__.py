"""Check everything that a deployment needs, and say what to do if something is wrong."""
