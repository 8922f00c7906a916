"""Streams for the screens, through ports."""
