"""From Compose files with an `x-rollout` block to a spec; every error at once, each with its path."""
