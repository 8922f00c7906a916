"""Protocols through which the engine sees the world; the docstrings are the contract."""
