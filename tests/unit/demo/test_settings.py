"""What the app makes of its environment."""

from __future__ import annotations

import pytest

from console.demo.app.settings import Fault, Settings


def test_an_empty_environment_gives_a_healthy_app_on_port_8000() -> None:
    settings = Settings.from_environment({})
    assert (settings.port, settings.version, settings.warmup) == (8000, "dev", 0.0)
    assert settings.fault is Fault.NONE
    assert settings.replica


def test_every_variable_is_read() -> None:
    settings = Settings.from_environment(
        {
            "HOST": "127.0.0.1",
            "PORT": "0",
            "COLOR": "green",
            "VERSION": "v42",
            "REPLICA": "green-1",
            "WARMUP": "1.5",
            "FAULT": " Error-500 ",
            "FAULT_AFTER": "8",
            "DRAIN": "12",
        }
    )
    assert settings == Settings(
        host="127.0.0.1",
        port=0,
        color="green",
        version="v42",
        replica="green-1",
        warmup=1.5,
        fault=Fault.ERROR_500,
        fault_after=8.0,
        drain=12.0,
    )


@pytest.mark.parametrize("text", ["", "soon", "-1", "nan", "inf", "1e999", "1,5"])
def test_a_duration_that_makes_no_sense_collapses_to_0(text: str) -> None:
    settings = Settings.from_environment({"WARMUP": text, "FAULT_AFTER": text})
    assert (settings.warmup, settings.fault_after) == (0.0, 0.0)


@pytest.mark.parametrize("text", ["", "http", "-1", "65536", "80.0", "8_000", "٨٠"])
def test_a_port_that_makes_no_sense_collapses_to_8000(text: str) -> None:
    assert Settings.from_environment({"PORT": text}).port == 8000


def test_an_unknown_fault_is_none() -> None:
    assert Settings.from_environment({"FAULT": "explode"}).fault is Fault.NONE


def test_a_drain_of_0_is_the_default_because_a_stop_would_cut_everything() -> None:
    assert Settings.from_environment({"DRAIN": "0"}).drain == Settings().drain


def test_a_release_name_can_not_smuggle_a_header_into_the_answers() -> None:
    settings = Settings.from_environment({"VERSION": "v1\r\nSet-Cookie: a=b", "COLOR": "blue\x00\x1b[2J"})
    assert settings.version == "v1Set-Cookie: a=b"
    assert settings.color == "blue[2J"
