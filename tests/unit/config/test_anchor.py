from __future__ import annotations

from pathlib import Path

import pytest

from console.config.anchor import anchor
from console.config.options import Options
from console.model.errors import ConfigError
from console.model.spec import Spec
from tests.unit.config.building import DIRECTORY, spec_of

HERE = DIRECTORY
THERE = Path("/srv/ci/shop")


def spec(**environ: str) -> Spec:
    return spec_of({"service": "app"}, environ=environ)


def test_without_a_running_proxy_and_at_home_the_spec_stays() -> None:
    here = spec()
    assert anchor(here, None) is here
    assert anchor(here, HERE / "state/nginx") is here


def test_state_lock_and_upstream_follow_the_running_stack() -> None:
    moved = anchor(spec(), THERE / "state/nginx")
    assert moved.state == THERE / "state"
    assert moved.active_color_file == THERE / "state/active-color"
    assert moved.upstream_file == THERE / "state/nginx/upstream.conf"
    assert moved.proxy.config == THERE / "state/nginx"
    assert moved.compose_files == spec().compose_files
    assert moved.directory == HERE


def test_two_checkouts_end_at_one_state() -> None:
    assert anchor(spec(), THERE / "state/nginx").state == anchor(spec(), THERE / "state/nginx").state == THERE / "state"


def test_a_directory_of_another_layout_is_refused_with_both_paths() -> None:
    with pytest.raises(ConfigError) as caught:
        anchor(spec(), Path("/etc/elsewhere"))
    (problem,) = caught.value.problems
    assert "/etc/elsewhere" in problem.message
    assert str(HERE / "state/nginx") in problem.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROLLOUT_UPSTREAM_CONF", "/other/nginx/upstream.conf"),
        ("ROLLOUT_STATE_PATH", "/other/active-color"),
    ],
)
def test_a_variable_that_contradicts_the_running_stack_is_refused(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        anchor(spec(**{name: value}), THERE / "state/nginx")
    assert caught.value.problems[0].where == name


def test_a_variable_that_agrees_with_the_running_stack_is_fine() -> None:
    given = spec(ROLLOUT_STATE_PATH=str(THERE / "state/active-color"))
    assert anchor(given, THERE / "state/nginx").state == THERE / "state"


def test_a_link_to_the_same_directory_is_the_same_directory(tmp_path: Path) -> None:
    home = tmp_path / "shop"
    (home / "state" / "nginx").mkdir(parents=True)
    (tmp_path / "link").symlink_to(home)
    linked = spec(ROLLOUT_UPSTREAM_CONF=str(tmp_path / "link/state/nginx/upstream.conf"))
    assert anchor(linked, home / "state/nginx") is linked


def test_options_name_no_directory_by_default() -> None:
    assert Options().directory is None
