# The door for people over SSH and for CI. Works with GNU make 3.81 and later, from any directory:
#   make -C /opt/svc deploy        make -f /opt/svc/Makefile deploy
#
# Variables that override, on the command line or from the environment:
#   PYTHON        interpreter that makes the virtual environment (3.11 or later)
#   PROJECT_NAME  Compose project name
#   COMPOSE_FILE  Compose files, separated by `:`; relative ones are looked up beside this file
#   SMOKE_URL  SMOKE_STATUS  SMOKE_ATTEMPTS  SMOKE_TIMEOUT  SMOKE_DELAY     the smoke request of a rollout
#   TEST_WORKERS  tests that `make test` runs at a time; most of them wait for something
#   ARGS          more arguments for the command behind the target, as words of the shell
#
# GNU make turns every failure into exit code 2. CI that tells the codes of `rollout` apart calls `rollout deploy`.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:
.NOTPARALLEL:

PYTHON ?= python3
TEST_WORKERS ?= 4

# `quote` makes one shell word of a variable, whatever is in it: taken unexpanded, so that a `$` is no reference of
# make's, and on one line, so that no part of it becomes a command of its own. `flag` is empty for an empty variable.
define newline


endef
empty :=
space := $(empty) $(empty)
one_line = $(subst $(newline), ,$(value $(1)))
quote = '$(subst ','\'',$(call one_line,$(1)))'
flag = $(if $(strip $(call one_line,$(2))), $(1) $(call quote,$(2)))

MAKEFILE := $(strip $(MAKEFILE_LIST))
ROOT := $(shell CDPATH= cd -- "$$(dirname -- $(call quote,MAKEFILE))" && pwd)
IN_ROOT := $(subst $(space),\ ,$(ROOT))
INSTALLED := $(IN_ROOT)/.venv/.installed
GO = cd $(call quote,ROOT) &&
ROLLOUT = $(GO) .venv/bin/rollout

# Several files become several `-f`, as Compose reads the variable. From the environment it needs no flag: every child
# inherits it, and sees whether it names the generated pins.
given_files = $(and $(filter command,$(origin COMPOSE_FILE)),$(strip $(value COMPOSE_FILE)))
FILES = $(if $(given_files), -f $(subst :,' -f ',$(call quote,COMPOSE_FILE)))
STACK = $(call flag,-p,PROJECT_NAME)$(FILES)
SMOKE = $(call flag,--smoke-url,SMOKE_URL)$(call flag,--smoke-status,SMOKE_STATUS)$(call flag,--smoke-attempts,SMOKE_ATTEMPTS)$(call flag,--smoke-timeout,SMOKE_TIMEOUT)$(call flag,--smoke-delay,SMOKE_DELAY)
MORE = $(if $(strip $(value ARGS)), $(call one_line,ARGS))

.PHONY: help init build up down deploy cutover rollback drain status logs demo test check bench screenshots clean

help: ## List the targets (the default)
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(call quote,MAKEFILE)

init: $(INSTALLED) ## Make the generated parts of a stack, and print what else it needs
	$(ROLLOUT) init --write$(STACK)$(MORE)

build: ## Build the stack's images; touches no container
	$(GO) $(unpinned) docker compose --profile '*'$(call flag,-p,PROJECT_NAME) build$(MORE)

up: $(INSTALLED) ## Seed the state, and bring the serving color (at first blue) and the proxy up
	$(ROLLOUT) up$(STACK)$(MORE)

down: $(INSTALLED) ## Take the whole stack down; volumes and the state stay
	$(ROLLOUT) down$(STACK)$(MORE)

deploy: $(INSTALLED) ## Deploy to the idle color and cut over
	$(ROLLOUT) deploy$(STACK)$(SMOKE)$(MORE)

cutover: $(INSTALLED) ## Move the traffic to the idle color, once it is verified
	$(ROLLOUT) cutover$(STACK)$(SMOKE)$(MORE)

rollback: $(INSTALLED) ## Move the traffic back to the previous color
	$(ROLLOUT) rollback$(STACK)$(SMOKE)$(MORE)

drain: $(INSTALLED) ## Wait until the idle color serves no request any more
	$(ROLLOUT) drain$(STACK)$(MORE)

status: $(INSTALLED) ## Show who serves
	$(ROLLOUT) status$(STACK)$(MORE)

logs: ## Show the stack's logs; on a terminal, follow them
	$(GO) if [ -t 1 ]; then set -- --follow; fi; docker compose --profile '*'$(STACK) logs --tail 100 "$$@"$(MORE)

demo: $(INSTALLED)-demo ## Try it without Docker: the console on a terminal, plain lines without one
	$(GO) if [ -t 0 ] && [ -t 1 ]; then exec .venv/bin/rollout demo$(MORE); \
	  else exec .venv/bin/rollout demo --headless$(MORE); fi

# pytest-xdist begins with the files that have the most tests. The long ones have few: workers would idle at the end.
# The busy ones are few and long: whoever is done takes one from the other.
IN_ORDER = --no-loadscope-reorder

# pytest writes every test anew before it runs it, in each worker, unless Python may keep what came of that.
test check: export PYTHONDONTWRITEBYTECODE =

test: $(INSTALLED)-dev ## Run all tests; those that need Docker skip where there is none
	$(GO) .venv/bin/python -m pytest -n $(call quote,TEST_WORKERS) --dist loadfile $(IN_ORDER) -m 'not busy'$(MORE)
	$(GO) .venv/bin/python -m pytest -n 2 --dist worksteal -m busy$(MORE) || [ $$? = 5 ]  # 5: none of them was asked for

check: $(INSTALLED)-dev ## Lint, format, types, import rules, unit and architecture tests
	$(GO) .venv/bin/python -m ruff check .
	$(GO) .venv/bin/python -m ruff format --check .
	$(GO) .venv/bin/python -m mypy
	$(GO) .venv/bin/lint-imports
	$(GO) .venv/bin/python -m pytest -q -n auto --dist loadfile -m 'not docker and not slow' tests/unit tests/architecture tests/make

bench: $(INSTALLED)-dev ## Measure, and print ratios to floors of the same run
	$(GO) .venv/bin/python -m bench$(MORE)

screenshots: $(INSTALLED)-screenshots ## Take the pictures of the README from the real program
	$(GO) .venv/bin/python -m screenshots$(MORE)

clean: ## Remove caches, build products and the records in state/ (these only while the stack is down)
	$(GO) rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	$(GO) find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
	@$(GO) if [ -d state ]; then $(call quote,PYTHON) -c "$$STATE_IS_FREE"; fi
	$(GO) rm -rf state

# The pins name image ids, which can be run but not built. An empty COMPOSE_FILE is an error to Compose, hence the test.
unpinned = files=$${COMPOSE_FILE:-$$(sed -n 's/^COMPOSE_FILE=//p' .env 2>/dev/null | tr -d "\"'")}; if [ -n "$$files" ]; \
	  then export COMPOSE_FILE="$$(printf '%s' "$$files" | sed 's|:*\(\./\)*state/colors\.yml||')"; fi;

# What a running stack is served from lies in state/, too: the upstream, the pins, the way back. Whether it runs is
# asked of the two things that need no Docker: the lock of a rollout, and the control listener of the proxy.
define STATE_IS_FREE
import fcntl, http.client, os, pathlib, re, sys, urllib.request

KEPT = "make clean: state/ is kept: {}; who serves is recorded there. First: make down"
env = pathlib.Path(".env")
found = re.findall(r"^CONTROL_PORT=(\d+)", env.read_text() if env.exists() else "", re.MULTILINE)
port = os.environ.get("CONTROL_PORT") or (found or ["9080"])[-1]
try:
    with open("state/lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except FileNotFoundError:
    pass
except OSError:
    sys.exit(KEPT.format("a rollout is running"))
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    answer = direct.open(f"http://127.0.0.1:{port}/generation", timeout=2).read(100)
except (OSError, http.client.HTTPException):
    answer = b""
if re.match(rb"\d+ (blue|green)\b", answer):
    sys.exit(KEPT.format(f"the proxy answers on 127.0.0.1:{port}"))
endef
export STATE_IS_FREE

# One virtual environment; a stamp for each set of extras, made anew when pyproject.toml changes.
$(INSTALLED): $(IN_ROOT)/pyproject.toml
	$(virtual_environment)
	$(GO) .venv/bin/python -m pip install --quiet --disable-pip-version-check -e .
	$(compiled)
	$(GO) touch .venv/.installed

$(INSTALLED)-demo: $(IN_ROOT)/pyproject.toml
	$(virtual_environment)
	$(GO) .venv/bin/python -m pip install --quiet --disable-pip-version-check -e '.[demo]'
	$(compiled)
	$(GO) touch .venv/.installed .venv/.installed-demo

$(INSTALLED)-dev: $(IN_ROOT)/pyproject.toml
	$(virtual_environment)
	$(GO) .venv/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	$(compiled)
	$(GO) touch .venv/.installed .venv/.installed-demo .venv/.installed-dev

$(INSTALLED)-screenshots: $(IN_ROOT)/pyproject.toml
	$(virtual_environment)
	$(GO) .venv/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev,screenshots]'
	$(compiled)
	$(GO) touch .venv/.installed .venv/.installed-demo .venv/.installed-dev .venv/.installed-screenshots

# As pip does for a package that it copies: without it each start compiles anew where Python may not write bytecode.
compiled = $(GO) .venv/bin/python -m compileall -q console

recent = -c 'import sys; sys.exit(sys.version_info < (3, 11))'
define virtual_environment
@$(GO) if ! .venv/bin/python $(recent) 2>/dev/null; then \
	  if ! $(call quote,PYTHON) $(recent); then \
	    echo "make: PYTHON="$(call quote,PYTHON)" is missing or older than 3.11; name another: make PYTHON=python3.12 ..." >&2; exit 1; \
	  elif ! $(call quote,PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "make: "$(call quote,PYTHON)" can't make a virtual environment: its module ensurepip is missing." >&2; \
	    echo "make: on Debian and Ubuntu: apt-get install python3-venv; or name another: make PYTHON=python3.12 ..." >&2; exit 1; \
	  fi; \
	  echo "make: preparing .venv (once)" >&2; \
	  $(call quote,PYTHON) -m venv --clear .venv; \
	fi
endef
