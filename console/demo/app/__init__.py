"""The reference app: a small HTTP service that can be deployed, drained and made to fail. Standard library only."""
