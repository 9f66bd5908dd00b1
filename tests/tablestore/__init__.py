"""Tests of the Table Store emulator with the official SDKs as clients."""
