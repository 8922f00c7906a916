from __future__ import annotations

import pytest

from console.config.options import Options
from console.model.color import Color
from console.model.spec import Inconclusive
from tests.unit.config.building import DIRECTORY, app, build, spec_of, stack, told

MINIMAL = {"service": "app"}


def test_a_minimal_block_gets_every_default() -> None:
    spec = spec_of(MINIMAL)
    assert (spec.project, spec.service, spec.port, spec.strategy) == ("shop", "app", 8000, "blue-green")
    assert spec.services == {Color.BLUE: "app", Color.GREEN: "app_green"}
    assert spec.derived_twin
    assert spec.profiles == {Color.BLUE: None, Color.GREEN: "green"}
    assert spec.state == DIRECTORY / "state"
    assert spec.active_color_file == DIRECTORY / "state/active-color"
    assert spec.upstream_file == DIRECTORY / "state/nginx/upstream.conf"
    assert spec.smoke.url == "http://127.0.0.1:8080/ready"
    assert (spec.ready.successes, spec.ready.deadline) == (2, 60.0)
    assert (spec.drain.deadline, spec.standby.keep, spec.stop_grace) == (30.0, 900.0, 10.0)
    assert spec.load is None
    assert not spec.protected


def test_every_key_of_the_block_is_read() -> None:
    spec = spec_of(
        {
            "service": "app",
            "colors": {"blue": "app", "green": "app_green"},
            "port": "9000",
            "strategy": "blue-green",
            "proxy": {"kind": "nginx", "service": "proxy", "config": "run/ng", "control_port": 9999},
            "ready": {"path": "/up", "successes": 3, "deadline": "1m30s"},
            "smoke": {"url": "http://127.0.0.1:1/x", "status": 204, "attempts": 2, "timeout": "1s", "delay": "250ms"},
            "watch": {"window": "0", "max_failure_ratio": 0.25, "min_requests": 7, "inconclusive": "pause"},
            "drain": {"deadline": "5s"},
            "standby": {"keep": "1h"},
            "load": {"rate": 12.5},
            "protected": "true",
        },
        stack(app_green=app(profiles=["late"])),
    )
    assert (spec.port, spec.proxy.control_port, spec.proxy.config) == (9000, 9999, DIRECTORY / "run/ng")
    assert not spec.derived_twin
    assert spec.profiles[Color.GREEN] == "late"
    assert (spec.ready.path, spec.ready.deadline) == ("/up", 90.0)
    assert (spec.smoke.status, spec.smoke.delay) == (204, 0.25)
    assert (spec.watch.window, spec.watch.max_failure_ratio, spec.watch.inconclusive) == (0.0, 0.25, Inconclusive.PAUSE)
    assert spec.load is not None
    assert (spec.load.url, spec.load.rate) == ("http://127.0.0.1:1/", 12.5)
    assert spec.protected


def test_all_problems_are_told_at_once_each_with_its_line() -> None:
    problems = told(
        {
            "service": "ap",
            "strateg": "rolling",
            "port": 70000,
            "proxy": {"kind": "haproxy", "service": "nope"},
            "ready": {"deadline": "-5s", "sucesses": 1, "path": "ready"},
            "smoke": {"url": "ftp://x", "status": 42, "timeout": "2x"},
            "watch": [],
            "drain": {"deadline": 30},
            "protected": "perhaps",
        }
    )
    assert set(problems) == {
        "x-rollout.service",
        "x-rollout.strateg",
        "x-rollout.port",
        "x-rollout.proxy.kind",
        "x-rollout.proxy.service",
        "x-rollout.ready.deadline",
        "x-rollout.ready.sucesses",
        "x-rollout.ready.path",
        "x-rollout.smoke.url",
        "x-rollout.smoke.status",
        "x-rollout.smoke.timeout",
        "x-rollout.watch",
        "x-rollout.drain.deadline",
        "x-rollout.protected",
    }
    assert all(problem.place.startswith("c.yml:") for problem in problems.values())
    assert problems["x-rollout.service"].hint == "did you mean `app`?"
    assert problems["x-rollout.strateg"].hint == "did you mean `strategy`?"
    assert problems["x-rollout.ready.sucesses"].hint == "did you mean `successes`?"
    assert problems["x-rollout.ready.path"].hint == "did you mean `/ready`?"
    assert problems["x-rollout.drain.deadline"].hint == "did you mean 30s?"
    assert "not available yet" in problems["x-rollout.proxy.kind"].message


def test_a_key_of_a_section_at_the_top_is_told_where_it_belongs() -> None:
    assert told({"service": "app", "deadline": "5s"})["x-rollout.deadline"].hint == "did you mean `ready.deadline`?"


@pytest.mark.parametrize("strategy", ["rolling", "canary"])
def test_a_strategy_that_is_not_there_yet_is_told_so(strategy: str) -> None:
    assert "not available yet" in told({**MINIMAL, "strategy": strategy})["x-rollout.strategy"].message


def test_colors_that_name_one_service_twice_are_refused() -> None:
    assert "both colors" in told({"colors": {"blue": "app", "green": "app"}})["x-rollout.colors"].message


def test_one_color_alone_is_refused() -> None:
    assert set(told({"colors": {"blue": "app"}})) == {"x-rollout.colors.green"}


def test_a_derived_twin_that_would_clash_is_refused_with_the_way_out() -> None:
    problem = told(MINIMAL, stack(app_green=app()))["x-rollout.colors"]
    assert problem.hint.endswith("colors: {blue: app, green: app_green}")


def test_a_proxy_that_is_a_color_is_refused() -> None:
    assert set(told({"service": "app", "proxy": {"service": "app"}})) == {"x-rollout.proxy.service"}


def test_a_flag_wins_over_the_environment_over_the_block_over_the_default() -> None:
    block = {**MINIMAL, "smoke": {"status": 201, "attempts": 3, "delay": "3s"}}
    environ = {"ROLLOUT_SMOKE_STATUS": "202", "ROLLOUT_SMOKE_ATTEMPTS": "4", "ROLLOUT_SMOKE_DELAY": ""}
    smoke = spec_of(block, options=Options(directory=DIRECTORY, smoke_status="203"), environ=environ).smoke
    assert (smoke.status, smoke.attempts, smoke.delay, smoke.timeout) == (203, 4, 3.0, 2.0)


@pytest.mark.parametrize("source", ["flag", "environment", "block"])
def test_smoke_bounds_hold_whoever_gives_them(source: str) -> None:
    values = {"attempts": "0", "timeout": "500s", "delay": "31s"}
    options = Options(directory=DIRECTORY)
    if source == "flag":
        options = Options(directory=DIRECTORY, **{f"smoke_{name}": value for name, value in values.items()})
    environ = (
        {f"ROLLOUT_SMOKE_{name.upper()}": value for name, value in values.items()} if source == "environment" else {}
    )
    block = {**MINIMAL, "smoke": values} if source == "block" else MINIMAL
    smoke = spec_of(block, options=options, environ=environ).smoke
    assert (smoke.attempts, smoke.timeout, smoke.delay) == (1, 60.0, 30.0)


def test_wrong_flags_and_variables_are_told_by_their_own_names() -> None:
    problems = told(
        MINIMAL,
        options=Options(directory=DIRECTORY, smoke_status="teapot", smoke_url="nope"),
        environ={"ROLLOUT_SMOKE_TIMEOUT": "soon", "ROLLOUT_SMOKE_DELAY": "-1", "ROLLOUT_UPSTREAM_CONF": "/x/upstream"},
    )
    assert set(problems) == {
        "--smoke-status",
        "--smoke-url",
        "ROLLOUT_SMOKE_TIMEOUT",
        "ROLLOUT_SMOKE_DELAY",
        "ROLLOUT_UPSTREAM_CONF",
    }


def test_the_paths_of_the_environment_are_taken_and_remembered() -> None:
    environ = {"ROLLOUT_STATE_PATH": "/var/lib/shop/color", "ROLLOUT_UPSTREAM_CONF": "/etc/shop/up.conf"}
    spec = spec_of(MINIMAL, environ=environ)
    assert str(spec.active_color_file) == "/var/lib/shop/color"
    assert (str(spec.upstream_file), str(spec.proxy.config)) == ("/etc/shop/up.conf", "/etc/shop")
    assert spec.paths_given_by == {
        "active_color_file": "ROLLOUT_STATE_PATH",
        "upstream_file": "ROLLOUT_UPSTREAM_CONF",
    }


def test_keys_of_compose_that_mean_the_same_are_honoured_below_the_block() -> None:
    service = app(
        deploy={"replicas": 3, "update_config": {"monitor": "1m30s", "max_failure_ratio": 0.1}},
        stop_grace_period="45s",
        labels={"docker-rollout.pre-stop-hook": "sleep 3"},
    )
    spec = spec_of({**MINIMAL, "watch": {"max_failure_ratio": 0.2}}, stack(app=service))
    assert (spec.watch.window, spec.watch.max_failure_ratio) == (90.0, 0.2)
    assert (spec.replicas, spec.stop_grace, spec.pre_stop_hook) == (3, 45.0, "sleep 3")


def test_scale_counts_as_replicas() -> None:
    assert spec_of(MINIMAL, stack(app=app(scale=4))).replicas == 4


@pytest.mark.parametrize(
    ("service", "where"),
    [
        (app(deploy={"replicas": 0}), "services.app.deploy.replicas"),
        (app(stop_grace_period="-5s"), "services.app.stop_grace_period"),
        (app(deploy={"update_config": {"monitor": "-5s"}}), "services.app.deploy.update_config.monitor"),
    ],
)
def test_wrong_values_of_compose_keys_are_told_by_their_path(service: dict[str, object], where: str) -> None:
    assert set(told(MINIMAL, stack(app=service))) == {where}


def test_images_are_named_as_compose_names_them() -> None:
    built = app(build={"context": "."})
    del built["image"]
    spec = spec_of(MINIMAL, stack(app=built))
    assert spec.images == {Color.BLUE: "shop-app", Color.GREEN: "shop-app_green"}
    assert spec.buildable == {Color.BLUE, Color.GREEN}
    assert spec_of(MINIMAL).images == {Color.BLUE: "shop:1", Color.GREEN: "shop:1"}
    assert spec_of(MINIMAL).buildable == frozenset()


@pytest.mark.parametrize(
    ("ports", "url"),
    [
        ([{"target": 81, "published": "1"}, {"target": 80, "published": "2"}], "http://127.0.0.1:2/ready"),
        ([{"target": 9080, "published": "9080"}, {"target": 81, "published": "1"}], "http://127.0.0.1:1/ready"),
        ([{"target": 443, "published": "443", "host_ip": "0.0.0.0"}], "https://127.0.0.1:443/ready"),
        ([{"target": 80, "published": "80", "host_ip": "::1"}], "http://[::1]:80/ready"),
        ([{"target": 80, "published": "80", "host_ip": "10.0.0.7"}], "http://10.0.0.7:80/ready"),
    ],
)
def test_the_smoke_url_is_derived_from_what_the_proxy_publishes(ports: list[dict[str, object]], url: str) -> None:
    assert spec_of(MINIMAL, stack(proxy={"image": "nginx", "ports": ports})).smoke.url == url


@pytest.mark.parametrize(
    "ports", [[], [{"target": 80}], [{"target": 80, "published": "80-90"}], [{"target": 9080, "published": "9080"}]]
)
def test_a_smoke_url_that_can_not_be_derived_is_a_problem_with_a_hint(ports: list[dict[str, object]]) -> None:
    problem = told(MINIMAL, stack(proxy={"image": "nginx", "ports": ports}))["x-rollout.smoke.url"]
    assert "smoke.url" in problem.hint


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    problem = told({**MINIMAL, "smoke": {"url": "http://me:hunter2@127.0.0.1/x"}})["x-rollout.smoke.url"]
    assert "hunter2" not in f"{problem}"


def test_the_engine_can_not_own_the_project_directory() -> None:
    for config in (".", "..", "/"):
        assert set(told({**MINIMAL, "proxy": {"config": config}})) == {"x-rollout.proxy.config"}


def test_no_spec_comes_out_of_an_empty_block_and_nothing_raises() -> None:
    spec, problems = build({})
    assert spec is None
    assert problems == ()
