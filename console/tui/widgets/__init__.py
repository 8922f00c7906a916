"""What the live screen is made of: each widget draws its own rows from the board."""
