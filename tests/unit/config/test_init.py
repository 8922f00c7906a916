from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from console.adapters.proxy.upstream_file import parse
from console.config import init
from console.config.init_env import env_line, merge_env
from console.config.init_nginx import seed_upstream
from console.config.init_text import Have, block_text, init_text
from console.config.load import load_spec
from console.config.options import Options
from console.model.color import Color
from console.model.errors import ConfigError
from console.model.observed import Upstream
from tests.unit.config.building import spec_of

SPEC = spec_of({"service": "app", "load": {"rate": 50}, "protected": True})
LINE = "COMPOSE_FILE=c.yml:state/colors.yml"
PLAIN = """\
services:
  db: {image: postgres:16}
  web:
    build: .
    ports: ["8000:8000"]
    depends_on: [db]
    environment: {PASSWORD: hunter2}
"""


def environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("COMPOSE_", "ROLLOUT_"))}


def test_the_printed_block_is_read_back_as_the_same_spec() -> None:
    block = yaml.safe_load(block_text(SPEC))["x-rollout"]
    assert spec_of(block) == SPEC


def test_the_seed_is_an_upstream_file_of_the_adapter() -> None:
    assert parse(seed_upstream(SPEC).encode()) == Upstream(generation=1, color=Color.BLUE, servers=("app:8000",))


def test_what_a_stack_has_is_not_printed() -> None:
    everything = init_text(SPEC)
    for part in (
        "x-rollout:",
        "include /etc/rollout/*.conf;",
        "worker_shutdown_timeout",
        "COMPOSE_FILE=",
    ):
        assert part in everything
    assert "`rollout init --write` makes the control listener" in everything
    have = Have(block=True, include=True, location=True, shutdown=True, control=True)
    assert not any(part in init_text(SPEC, have=have) for part in ("x-rollout:", "include ", "--write`", "shutdown"))


def test_a_stack_without_a_proxy_gets_one_whole_file_for_it() -> None:
    text = init_text(SPEC, have=Have(proxy=False))
    assert "./nginx:/etc/nginx:ro" in text
    assert text.count("worker_shutdown_timeout") == 1
    assert "conf.d" not in text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"{LINE}\n"),
        ("A=1", f"A=1\n{LINE}\n"),
        ("# note\nA='x y'\n\n", f"# note\nA='x y'\n\n{LINE}\n"),
        ("COMPOSE_FILE=c.yml\nA=1\n", f"{LINE}\nA=1\n"),
        (
            "export COMPOSE_FILE=c.yml:o.yml # mine\r\nA=1\r\n",
            "export COMPOSE_FILE=c.yml:o.yml:state/colors.yml # mine\r\nA=1\r\n",
        ),
        ('COMPOSE_FILE="c.yml"\n', 'COMPOSE_FILE="c.yml:state/colors.yml"\n'),
        ("COMPOSE_FILE=\n", f"{LINE}\n"),
        ('COMPOSE_FILE=""\n', 'COMPOSE_FILE="c.yml:state/colors.yml"\n'),
        ("COMPOSE_FILE=a.yml\nCOMPOSE_FILE=b.yml\n", "COMPOSE_FILE=a.yml\nCOMPOSE_FILE=b.yml:state/colors.yml\n"),
        (
            "COMPOSE_PATH_SEPARATOR=,\nCOMPOSE_FILE=c.yml\n",
            "COMPOSE_PATH_SEPARATOR=,\nCOMPOSE_FILE=c.yml,state/colors.yml\n",
        ),
        ("COMPOSE_FILE=c.yml:./state/colors.yml\n", "COMPOSE_FILE=c.yml:./state/colors.yml\n"),
        ("COMPOSE_FILES=x\n", f"COMPOSE_FILES=x\n{LINE}\n"),
    ],
)
def test_dotenv_gets_the_override_and_loses_nothing(before: str, after: str) -> None:
    assert merge_env(before, SPEC) == after
    assert merge_env(after, SPEC) == after


def test_the_line_for_dotenv_names_the_override_last() -> None:
    assert env_line(SPEC) == LINE


@pytest.mark.docker
def test_a_plain_stack_gets_a_block_that_loads_once_it_is_pasted(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(PLAIN)
    draft = init.draft(Options(directory=tmp_path), environ())
    assert (draft.has_block, draft.has_proxy) == (False, False)
    text = init.text(draft)
    assert "hunter2" not in text
    assert '"8000:80"' in text
    assert "remove" in text
    proxy = {"image": "nginx:1.30", "ports": ["8000:80"], "volumes": ["./state/nginx:/etc/rollout:ro"]}
    pasted = yaml.safe_load(PLAIN) | yaml.safe_load(block_text(draft.spec))
    pasted["services"]["proxy"] = proxy
    (tmp_path / "compose.yaml").write_text(yaml.safe_dump(pasted))
    spec = load_spec(Options(directory=tmp_path), environ())
    assert (spec.service, spec.derived_twin, spec.port) == ("web", True, 8000)
    assert spec.smoke.url == draft.spec.smoke.url


@pytest.mark.docker
def test_only_missing_generated_parts_are_made(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(PLAIN)
    options = Options(directory=tmp_path)
    state = tmp_path / "state"
    parts = init.generated_parts(init.draft(options, environ()))
    assert set(parts) == {state / "nginx/upstream.conf", state / "active-color", state / "nginx/control.conf"}
    state.mkdir()
    (state / "active-color").write_text("green\n")
    assert set(init.generated_parts(init.draft(options, environ()))) == {state / "nginx/control.conf"}


@pytest.mark.docker
def test_the_reference_stack_needs_nothing_but_dotenv() -> None:
    draft = init.draft(Options(directory=Path(__file__).parents[3]), environ())
    text = init.text(draft)
    assert draft.has_block
    assert not any(part in text for part in ("x-rollout:", "services`", "nginx,", "nginx.conf"))


@pytest.mark.docker
def test_a_stack_of_stores_has_nothing_to_roll_out(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services:\n  db: {image: postgres:16}\n")
    with pytest.raises(ConfigError) as caught:
        init.draft(Options(directory=tmp_path), environ())
    assert caught.value.problems[0].where == "services"


@pytest.mark.docker
def test_an_app_that_waits_for_its_migration_and_its_database_is_what_is_rolled_out(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(
        """
services:
  database: {image: "python:3.13-slim"}
  migrate: {image: "python:3.13-slim", depends_on: {database: {condition: service_started}}}
  web:
    build: .
    ports: ["8000:8000"]
    depends_on: {migrate: {condition: service_completed_successfully}, database: {condition: service_started}}
"""
    )
    draft = init.draft(Options(directory=tmp_path), environ())
    assert (draft.spec.service, draft.has_proxy) == ("web", False)


@pytest.mark.docker
def test_a_published_front_of_an_image_is_taken_for_the_proxy_of_what_it_waits_for(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(
        """
services:
  migrate: {image: "shop:1"}
  shop: {image: "shop:1", depends_on: {migrate: {condition: service_completed_successfully}}}
  front: {image: "own-front:3", ports: ["80:80"], depends_on: [shop, migrate]}
"""
    )
    draft = init.draft(Options(directory=tmp_path), environ())
    assert (draft.spec.service, draft.spec.proxy.service) == ("shop", "front")
