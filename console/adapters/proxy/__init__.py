"""Adapters for the proxies that route the users' traffic."""
