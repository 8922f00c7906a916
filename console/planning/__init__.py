"""Strategies: from a situation to a plan. Pure."""
