"""Tests of the parts that run only on this machine."""
