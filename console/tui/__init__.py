"""The console: the engine's screen. The only package that knows Textual."""
