"""How tables, rows, keys and values are stored."""
