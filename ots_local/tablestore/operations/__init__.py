"""The operations of Table Store."""
