"""Promises of the local Table Store, kept against the official SDK as its client."""
