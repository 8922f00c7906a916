from __future__ import annotations

import stat
from pathlib import Path

import pytest

from console.adapters.runtime import override
from console.adapters.runtime.override import Pin
from console.model.color import Color
from console.model.errors import RuntimeFailedError
from tests.unit.runtime.specs import spec, twin

ID = "sha256:" + "a" * 64
OTHER_ID = "sha256:" + "b" * 64


def body(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def test_a_stack_of_two_services_without_pins_has_an_empty_override(tmp_path: Path) -> None:
    assert body(override.render(spec(tmp_path), {}, ())) == "services: {}\n"


def test_a_pin_keeps_plain_builds_and_pulls_away_from_the_color(tmp_path: Path) -> None:
    pins = {Color.BLUE: Pin(image=ID), Color.GREEN: Pin(image=OTHER_ID, replicas=3)}
    assert body(override.render(spec(tmp_path), pins, ())) == (
        "services:\n"
        "  app:\n"
        f"    image: {ID}\n"
        "    build: !reset null\n"
        "    pull_policy: never\n"
        "  app_green:\n"
        f"    image: {OTHER_ID}\n"
        "    build: !reset null\n"
        "    pull_policy: never\n"
        "    scale: 3\n"
        "    deploy: {replicas: 3}\n"
    )


def test_the_twin_extends_each_file_that_defines_its_base_in_order(tmp_path: Path) -> None:
    one = twin(tmp_path)
    elsewhere = tmp_path.parent / f"{tmp_path.name}-more"
    elsewhere.mkdir()
    more, unrelated = elsewhere / "pay$.yml", tmp_path / "unrelated.yml"
    more.write_text("services: {app: {ports: !reset [], environment: {A: b}}}\n")
    unrelated.write_text("services: {db: {image: 'postgres:18'}}\n")
    several = twin(tmp_path, compose_files=(*one.compose_files, unrelated, more))
    assert body(override.render(several, {}, override.find_bases(several))) == (
        "services:\n"
        "  app_green:\n"
        '    extends: {service: app, file: "docker-compose.yml"}\n'
        "---\n"
        "services:\n"
        "  app_green:\n"
        f'    extends: {{service: app, file: "{elsewhere}/pay$$.yml"}}\n'
        "---\n"
        "services:\n"
        "  app_green:\n"
        "    container_name: !reset null\n"
        "    ports: !reset []\n"
        "    profiles: [green]\n"
    )


def test_the_base_of_the_twin_is_found_in_an_included_file(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "app.yml").write_text("services: {app: {image: 'shop:1'}}\n")
    one = twin(tmp_path)
    for include in ("[parts/app.yml]", "[{path: parts/app.yml}]", "[{path: [parts/app.yml]}]"):
        (tmp_path / "docker-compose.yml").write_text(f"include: {include}\nservices: {{}}\n")
        assert override.find_bases(one) == (tmp_path / "parts" / "app.yml",)


def test_a_twin_of_a_service_that_no_file_defines_is_an_error_and_writes_nothing(tmp_path: Path) -> None:
    one = twin(tmp_path, service="shop")
    with pytest.raises(RuntimeFailedError, match="no Compose file defines it"):
        override.write_twin(one)
    assert not override.path(one).exists()


def test_a_base_with_a_profile_does_not_pull_its_twin_up(tmp_path: Path) -> None:
    one = twin(tmp_path, profiles={Color.BLUE: "web"})
    assert "    profiles: !override [green]\n" in override.render(one, {}, override.find_bases(one))


def test_a_twin_that_is_built_has_an_image_name_of_its_own(tmp_path: Path) -> None:
    one = twin(tmp_path, buildable=frozenset(Color))
    assert override.plain_image(one, Color.GREEN) == "shop-app_green"
    assert override.plain_image(one, Color.BLUE) == "shop:latest"
    assert '    image: "shop-app_green"\n' in override.render(one, {}, override.find_bases(one))
    file = override.write_for_build(one)
    assert file is not None
    assert file.read_text() == override.render(one, {}, override.find_bases(one))


def test_a_service_that_is_only_built_has_the_name_that_compose_gives_it(tmp_path: Path) -> None:
    built = spec(tmp_path, buildable=frozenset(Color), images={})
    assert [override.plain_image(built, color) for color in Color] == ["shop-app", "shop-app_green"]
    assert override.write_for_build(built) is None


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    one = twin(tmp_path)
    pins = {Color.BLUE: Pin(), Color.GREEN: Pin(image=ID, replicas=2)}
    file = override.write(one, pins)
    assert override.read(one) == pins
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o750
    assert override.write_twin(one) == file
    assert override.read(one) == pins


def test_an_override_that_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    one = spec(tmp_path)
    before = override.write(one, {Color.BLUE: Pin(image=ID)}).stat()
    after = override.write(one, {Color.BLUE: Pin(image=ID)}).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("garbage", ["", "\0", "services: [", "- 1", "services: {app: {image: 5}}", "a: b\n---\n3"])
def test_a_garbage_override_has_no_pins(tmp_path: Path, garbage: str) -> None:
    one = spec(tmp_path)
    one.state.mkdir()
    override.path(one).write_text(garbage)
    assert override.read(one) == {}


def test_an_override_that_cant_be_written_is_told_and_leaves_no_litter(tmp_path: Path) -> None:
    one = spec(tmp_path)
    override.path(one).mkdir(parents=True)
    (override.path(one) / "in the way").touch()
    with pytest.raises(RuntimeFailedError, match="write ") as caught:
        override.write(one, {})
    assert caught.value.now == "nothing was started or stopped"
    assert [found.name for found in one.state.iterdir()] == ["colors.yml"]
