"""What can be shown without a stack of one's own: the reference app and the embedded stack."""
