"""The rules for requests; they depend on the request and the table definition only."""
