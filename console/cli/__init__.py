"""The command line: parse, ask the engine, narrate. Data goes to stdout, everything else to stderr."""
