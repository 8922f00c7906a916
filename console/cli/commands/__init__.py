"""One module a command, each with `run(invocation) -> int`; loaded only when its command is typed."""
