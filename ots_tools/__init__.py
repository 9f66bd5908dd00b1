"""The tools around a migration: check, load, prove, repair."""
