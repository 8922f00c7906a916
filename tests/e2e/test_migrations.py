"""A release brings its migration: it runs once, before anything moves, or nothing moves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conftest import Operator
from tests.support.engine import docker
from tests.support.stack import ReferenceStack

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

OF_ITS_OWN = """
  migrate:
    build: ./migrations
    depends_on: {seed: {condition: service_completed_successfully}}
    volumes: ["ledger:/ledger"]
    networks: [edge]
  seed:
    image: python:3.13-slim
    command: [python3, -c, "open('/ledger/runs', 'a').write('seed ')"]
    volumes: ["ledger:/ledger"]
    networks: [edge]
"""
FROM_THE_APPS_IMAGE = """
  migrate:
    image: ${COMPOSE_PROJECT_NAME}-shop
    user: root
    command:
      - python3
      - -c
      - |
        import os
        version = os.environ["VERSION"]
        if version == "bad":
            raise SystemExit("bad")
        open("/ledger/runs", "a").write(version + " ")
    volumes: ["ledger:/ledger"]
    networks: [edge]
"""
NEEDS_IT = "  depends_on: {migrate: {condition: service_completed_successfully}}\n  restart: unless-stopped\n"
GREEN = """
  app_green:
    <<: *app
    profiles: [green]
    environment:
      <<: *environment
      COLOR: green
    labels:
      rollout.color: green
"""


class Shop(Operator):
    """The operator of a stack with a migration."""

    def migration(self, code: str) -> None:
        """Write the migration's next version."""
        folder = self.stack.directory / "migrations"
        folder.mkdir(exist_ok=True)
        (folder / "Dockerfile").write_text('FROM python:3.13-slim\nCOPY migrate.py /\nCMD ["python3", "/migrate.py"]\n')
        (folder / "migrate.py").write_text(code)

    def runs(self) -> list[str]:
        """What the migrations wrote down, in the order in which they ran."""
        ledger = f"{self.stack.project}_ledger:/ledger"
        return docker("run", "--rm", "--volume", ledger, "python:3.13-slim", "cat", "/ledger/runs").split()

    def version(self, name: str) -> None:
        """Set the release's name."""
        path = self.stack.directory / ".env"
        kept = [line for line in path.read_text().splitlines() if not line.startswith("VERSION=")]
        path.write_text("\n".join([*kept, f"VERSION={name}", ""]))


@pytest.fixture
def shop(reference_stack: ReferenceStack) -> Callable[[str], Shop]:
    """The reference stack with a migration, and a short watch; not up."""

    def make(services: str) -> Shop:
        someone = Shop(stack=reference_stack)
        someone.edit("docker-compose.yml", lambda text: text.replace("window: 10s", "window: 0s"))
        someone.edit("docker-compose.yml", lambda text: text.replace("  restart: unless-stopped\n", NEEDS_IT, 1))
        networks = f"{services}\nnetworks:\n  edge: {{}}\nvolumes: {{ledger: {{}}}}\n"
        someone.edit("docker-compose.yml", lambda text: text.replace("\nnetworks:\n  edge: {}\n", networks))
        return someone

    return make


def written(word: str) -> str:
    return f"open('/ledger/runs', 'a').write('{word} ')\n"


def test_a_release_runs_its_own_migration_once_and_a_failing_one_moves_nothing(shop: Callable[[str], Shop]) -> None:
    operator = shop(OF_ITS_OWN)
    operator.migration(written("v1"))
    operator.rollout("up", deadline=240)
    assert operator.runs() == ["seed", "v1"]

    operator.migration(written("v2"))
    told = operator.rollout("deploy", deadline=240).stderr
    assert operator.runs() == ["seed", "v1", "seed", "v2"]
    assert f"docker rm {operator.stack.project}-migrate-1" in told
    assert operator.serving() == "green"

    serving = operator.identities("app", "app_green", "proxy")
    operator.stack.compose("up", "--detach")
    assert operator.identities("app", "app_green", "proxy") == serving

    operator.migration("print('column is_paid exists already')\nraise SystemExit(7)\n")
    before = operator.identities("app_green", "proxy")
    failed = operator.rollout("deploy", deadline=240, expect=3)
    assert "column is_paid exists already" in failed.stderr
    assert "migrate" in failed.stderr
    assert operator.identities("app_green", "proxy") == before
    assert operator.serving() == "green"

    operator.migration(written("v3"))
    operator.rollout("deploy", deadline=240)
    assert operator.runs()[-2:] == ["seed", "v3"]
    assert operator.runs().count("v3") == 1
    assert operator.serving() == "blue"

    older = operator.runs().count("v2")
    docker("rm", "--force", f"{operator.stack.project}-app_green-1")
    operator.rollout("rollback")
    assert operator.serving() == "green"
    assert operator.runs().count("v2") == older


@pytest.mark.parametrize("pinned", [False, True])
def test_a_migration_from_the_apps_image_runs_the_new_image(shop: Callable[[str], Shop], pinned: bool) -> None:  # noqa: FBT001
    operator = shop(FROM_THE_APPS_IMAGE)
    colors = "  colors: {blue: app, green: app_green}\n"
    operator.edit("docker-compose.yml", lambda text: text.replace(GREEN, "").replace(colors, ""))
    image = "x-app: &app\n  image: ${COMPOSE_PROJECT_NAME}-shop\n"
    operator.edit("docker-compose.yml", lambda text: text.replace("x-app: &app\n", image))
    operator.version("v1")
    operator.rollout("init", "--write", *(["--write-env"] if pinned else []))
    operator.rollout("up", deadline=240)
    assert operator.runs() == ["v1"]
    expected = ["v1"]
    for number in (2, 3, 4):
        operator.version(f"v{number}")
        operator.rollout("deploy", deadline=240)
        expected.append(f"v{number}")
        assert operator.runs() == expected
        serving = operator.identities("app", "app_green", "proxy")
        operator.stack.compose("up", "--detach")
        assert operator.identities("app", "app_green", "proxy") == serving
        if pinned:  # a plain `up` runs finished migrations once more, and it has to be the same one
            expected.append(f"v{number}")
        else:
            expected = operator.runs()
            assert len(expected) <= 2 * number
    assert operator.status()["serving"] == "green"

    serving = operator.identities("app_green", "proxy")
    operator.version("bad")
    failed = operator.rollout("deploy", deadline=240, expect=3)
    assert "migrate said: bad" in failed.stderr
    assert operator.identities("app_green", "proxy") == serving
    if not pinned:
        # The image was built under the name that blue has, so the migration fails here too, and recreates nothing.
        operator.stack.run("docker", "compose", "up", "--detach", "proxy", check=False)
        assert operator.identities("app_green", "proxy") == serving
    assert operator.status()["serving"] == "green"
