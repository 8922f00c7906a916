"""Pictures of the console, made from the real program on the embedded stack: `python -m screenshots`."""
