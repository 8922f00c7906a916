from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from console.adapters.runtime import one_shots, override
from console.adapters.runtime.override import Pin
from console.config.merged import read_stack
from console.config.one_shots import one_shots as read_one_shots
from console.config.services import Roles
from console.model.color import Color
from console.model.spec import OneShot
from tests.unit.runtime.specs import spec, twin

ID = "sha256:" + "a" * 64
DONE = {"condition": "service_completed_successfully"}
STARTED = {"condition": "service_started"}
MODEL = {
    "name": "shop",
    "services": {
        "app": {"image": "shop:latest", "depends_on": {"migrate": DONE, "db": STARTED, "proxy": DONE}},
        "app_green": {"image": "shop:latest", "depends_on": {"gone": DONE}},
        "migrate": {"build": {"context": "."}, "depends_on": {"db": STARTED, "app": STARTED}},
        "db": {"image": "db", "depends_on": {"seed": DONE, "migrate": STARTED}},
        "seed": {"image": "shop:latest"},
        "other": {"image": "other", "depends_on": {"never": DONE}},
        "never": {"image": "never"},
        "proxy": {"image": "nginx"},
    },
}
MIGRATE = OneShot(service="migrate", image="shop-migrate", builds=True)
SEED = OneShot(service="seed", image="shop:latest")


def needed(*, derived: bool) -> dict[Color, tuple[OneShot, ...]]:
    services = {Color.BLUE: "app", Color.GREEN: "app_green"}
    roles = Roles(service="app", services=services, derived_twin=derived, proxy="proxy")
    return read_one_shots("shop", roles, read_stack(MODEL).services)


def test_what_has_to_complete_is_found_through_other_services_and_around_circles() -> None:
    assert needed(derived=False) == {Color.BLUE: (MIGRATE, SEED), Color.GREEN: ()}


def test_a_derived_twin_needs_what_its_base_needs() -> None:
    assert needed(derived=True) == {Color.BLUE: (MIGRATE, SEED), Color.GREEN: (MIGRATE, SEED)}


def test_a_migration_is_built_unless_it_runs_from_the_apps_image(tmp_path: Path) -> None:
    one = spec(tmp_path, one_shots={Color.GREEN: (MIGRATE, replace(SEED, builds=True))})
    assert one_shots.to_build(one, Color.GREEN) == ("migrate",)
    assert one_shots.to_build(one, Color.BLUE) == ()


def test_the_pin_of_a_migration_lives_as_long_as_the_migration(tmp_path: Path) -> None:
    one = spec(tmp_path, one_shots={Color.GREEN: (SEED,)})
    override.write(one, {Color.GREEN: Pin(image=ID)}, {"seed": ID})
    assert (
        f"  seed:\n    image: {ID}\n    build: !reset null\n    pull_policy: never\n" in override.path(one).read_text()
    )
    override.write(one, {})
    assert override.read_shared(one) == {"seed": ID}
    assert override.read(one) == {}
    override.write(replace(one, one_shots={}), {})
    assert override.read_shared(one) == {}
    override.write(one, {}, {"seed": ID})
    override.write(one, {}, {})
    assert "seed" not in override.path(one).read_text()


def test_the_twin_does_not_inherit_the_names_and_addresses_of_its_base(tmp_path: Path) -> None:
    one = twin(tmp_path, twin_resets={"back end": ("aliases", "ipv4_address"), "edge": ("link_local_ips",)})
    assert (
        "    networks:\n"
        '      "back end": {aliases: !reset [], ipv4_address: !reset null}\n'
        '      "edge": {link_local_ips: !reset []}\n'
    ) in override.render(one, {}, override.find_bases(one))
