"""Pure data: spec, observed, steps, plan, phase, events, release, errors. No I/O, no clock, no asyncio."""
