# Everything runs in .venv, made of hash-locked packages. First time about a minute, later times seconds.
#
#   make demo              the whole pipeline on this machine: Kafka, exchange, workers, dashboard   (MINUTES=n ends by itself)
#   make test              the everyday tests, on a real broker              (ARGS="-k name" chooses, ARGS="-n 0" runs one at a time)
#   make test-slow         the long ones: kills, drills, brokers that are away, a thousand seeds
#   make check             lint, types, import rules
#   make bench             measurements, a quarter of an hour of them                                (ARGS="--quick growth" chooses)
#   make chaos             the demo, struck every few seconds while it trades, and a verdict            (MINUTES=n, SEED=n)
#   make simulate          a thousand runs of the whole pipeline in one process                         (SEED=n: one, with all it says)
#   make mutants           small faults in the core, and whether a test notices each                 (ARGS="exits watch" chooses files)
#   make setup             the environment alone
#   make docs              the pages that are written from the code
#   make lock              resolve the locked packages and jars anew
#
# Nothing but Python is needed: PYTHON=/path/to/python names another one.

BIN := .venv/bin
STAMP := .venv/.locked
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

# A start of a worker takes half a second with the bytecode of its imports kept, and one and a half without; the tests start hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test test-slow check bench chaos simulate docs mutants lock
.DEFAULT_GOAL := setup

setup: $(STAMP)

# uv takes 6 s for what takes pip 53; pip is enough where uv has no wheel, or cannot reach what pip is told to reach.
$(STAMP): requirements/dev.lock requirements/uv.lock pyproject.toml
	@echo "Making .venv of locked packages (once)"
	@python=$$(sh requirements/python.sh $(PYTHON)) && { test -x $(BIN)/python || "$$python" -m venv .venv; }
	@$(PIP) -r requirements/uv.lock || echo "uv could not be installed: pip takes a minute"
	@{ test -x $(BIN)/uv && VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --require-hashes -r requirements/dev.lock; } || $(PIP) -r requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

demo: setup
	@$(BIN)/streams demo $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

# Two at a time, each worker with a broker of its own: most of a test is waiting. Whole pipelines do not meet (tests/conftest.py).
PYTEST = $(BIN)/pytest -n 2
test: setup
	@$(PYTEST) -m "not slow" $(ARGS)

test-slow: setup
	@$(PYTEST) -m slow $(ARGS)

check: setup
	@$(BIN)/ruff check
	@$(BIN)/mypy streams tests $(wildcard bench)
	@$(BIN)/lint-imports --no-logo

bench: setup
	@$(BIN)/python -m bench $(ARGS)

chaos: setup
	@$(BIN)/streams drill $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(ARGS)

simulate: setup
	@$(BIN)/python -m tests.simulation $(if $(SEED),$(SEED),0 1000)

docs: setup
	@$(BIN)/streams explain denials --markdown > docs/denials.md
	@$(BIN)/python -m tests.chaos.proof

# Its tools may want other versions than the program: an environment of its own, beside the jars.
MUTANTS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/quantum-streams/mutants
mutants: $(MUTANTS)/.locked
	@$(MUTANTS)/env/bin/python tests/mutants.py $(MUTANTS)/run $(ARGS)

$(MUTANTS)/.locked: requirements/mutants.lock
	@mkdir -p $(MUTANTS)
	@python=$$(sh requirements/python.sh $(PYTHON)) && { test -x $(MUTANTS)/env/bin/python || "$$python" -m venv $(MUTANTS)/env; }
	@$(MUTANTS)/env/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/mutants.lock
	@touch $@

COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --upgrade
lock: setup
	@$(COMPILE) pyproject.toml -o requirements/run.lock
	@$(COMPILE) pyproject.toml --extra dev -o requirements/dev.lock
	@echo uv | $(COMPILE) --python-version 3.11 - -o requirements/uv.lock
	@{ echo 'mutmut>=3.8,<4'; sed -n 's/^\(\(hypothesis\|msgspec\|pytest\)==[^ ]*\).*/\1/p' requirements/dev.lock; } | $(COMPILE) --python-version 3.11 - -o requirements/mutants.lock
	@$(BIN)/python -m streams.runtime.jars > .venv/kafka.lock && mv .venv/kafka.lock streams/runtime/kafka.lock
