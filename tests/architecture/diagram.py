"""The README's state diagram, from the transition table itself.

python -m tests.architecture.diagram      prints it, to be pasted when the table has changed
"""

from __future__ import annotations

import sys

from console.model.phase import FINAL, TABLE, Phase


def mermaid() -> str:
    """A Mermaid state diagram of every transition, in the table's order."""
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{phase.value}" as {phase.name.lower()}' for phase in Phase if " " in phase.value]
    lines.append(f"    [*] --> {Phase.PLANNED.name.lower()}")
    lines += [
        f"    {phase.name.lower()} --> {following.name.lower()}: {trigger.value}"
        for phase, transitions in TABLE.items()
        for trigger, following in transitions.items()
    ]
    lines += [f"    {phase.name.lower()} --> [*]" for phase in Phase if phase in FINAL]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(mermaid())
