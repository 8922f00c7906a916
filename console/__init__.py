"""Roll out a Docker Compose stack with zero dropped requests, and the evidence to prove it."""
