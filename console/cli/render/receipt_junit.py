"""The receipt as JUnit XML: each step a test case, so that any CI shows a rollout as it shows tests."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from console.cli.render.clean import clean
from console.cli.render.receipt_failures import failure_lines
from console.cli.render.receipt_load import facts_of_load, headline
from console.model.receipt import Receipt, ReceiptStep


def receipt_junit(receipt: Receipt) -> str:
    """One test suite; a rollout that failed without a failed step has a failing case of its own."""
    failed = sum(step.status == "failed" for step in receipt.steps)
    verdict = receipt.exit_code != 0 and not failed
    judged = receipt.load is not None or receipt.cut_requests > 0
    suite = ET.Element(
        "testsuite",
        name=f"rollout {receipt.rollout}: {clean(receipt.action)} of {clean(receipt.project)}",
        tests=str(len(receipt.steps) + verdict + judged),
        failures=str(failed + verdict + bool(_lost(receipt))),
        errors="0",
        skipped=str(sum(step.status == "cancelled" for step in receipt.steps)),
        time=f"{receipt.seconds:.3f}",
        timestamp=clean(receipt.started_at),
        hostname=clean(receipt.host),
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("result", receipt.result),
        ("user", receipt.user),
        ("exit_code", str(receipt.exit_code)),
        ("active", receipt.active.value if receipt.active else ""),
        ("cut_requests", str(receipt.cut_requests)),
        ("command", receipt.command),
        *((_load_property(name), value) for name, value in (facts_of_load(receipt.load) if receipt.load else ())),
        *((f"image.{image.color.value}", f"{image.reference} {image.id}") for image in receipt.images),
        *((f"version.{name}", version) for name, version in receipt.versions),
    ):
        ET.SubElement(properties, "property", name=name, value=clean(value))
    for step in receipt.steps:
        _case(suite, step, receipt)
    if verdict:
        case = ET.SubElement(suite, "testcase", classname="rollout", name="outcome", time="0.000")
        ET.SubElement(case, "failure", message=clean(receipt.message), type=clean(receipt.result))
    if judged:
        _requests(suite, receipt)
    if receipt.warnings or receipt.logs:
        lines = [*receipt.warnings, *(f"{kept.replica}: {line}" for kept in receipt.logs for line in kept.lines)]
        ET.SubElement(suite, "system-out").text = "\n".join(clean(line) for line in lines)
    ET.indent(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"


def _load_property(name: str) -> str:
    return "load" if name == "load" else f"load.{name.replace(' ', '_')}"


def _lost(receipt: Receipt) -> str:
    """Why the requests of this rollout fail; empty when none is known to be lost, and the load proves it."""
    if receipt.cut_requests:
        return f"{receipt.cut_requests:,} requests were cut at the drain deadline"
    load = receipt.load
    return headline(load) if load is not None and not load.proves_zero else ""


def _requests(suite: ET.Element, receipt: Receipt) -> None:
    """Requests as a case of their own, which fails when any was dropped or cut, or nothing is proven."""
    case = ET.SubElement(suite, "testcase", classname="rollout", name="requests", time="0.000")
    if lost := _lost(receipt):
        failure = ET.SubElement(case, "failure", message=clean(lost), type="dropped")
        failure.text = "\n".join(failure_lines(receipt.load)) if receipt.load is not None else None


def _case(suite: ET.Element, step: ReceiptStep, receipt: Receipt) -> None:
    case = ET.SubElement(
        suite, "testcase", classname=f"rollout.{clean(step.stage)}", name=clean(step.title), time=f"{step.seconds:.3f}"
    )
    if step.status == "failed":
        message = clean(step.detail) or clean(receipt.message)
        ET.SubElement(case, "failure", message=message, type="failed").text = "\n".join(map(clean, receipt.failures))
    elif step.status == "cancelled":
        ET.SubElement(case, "skipped", message=clean(step.detail))
