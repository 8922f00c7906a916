"""The load generator: a process of its own, which shares nothing with the rest but `console.model`."""
