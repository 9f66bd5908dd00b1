"""Fixtures and helpers of the tests of ots_tools."""
