"""How things are told: to people as text, to programs as JSON."""
