"""What is remembered, as files in the state directory."""
