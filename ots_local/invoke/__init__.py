"""Send event files through the handler and show the rows that they change."""
