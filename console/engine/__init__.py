"""The engine: runs plans through ports, one rollout at a time for a stack."""
