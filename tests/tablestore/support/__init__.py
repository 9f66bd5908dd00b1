"""Helpers of the emulator's tests: clients and encoded rows."""
