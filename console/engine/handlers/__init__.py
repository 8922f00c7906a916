"""One short handler for each step."""
