"""What runs replicas, and where a proxy's processes run. The only package that knows Docker."""
