"""What the ports are in reality."""
