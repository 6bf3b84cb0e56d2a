# make demo      the main job on embedded parts: a folder of pictures in about a minute
# make collect   the same for real:  make collect QUERY="고양이" [LIMIT=50]
# make test      every check and test
# make setup     only what the others do first: .venv, packages, the browser
# make check     formatting, lint and types
# make bench     each stage against its peer
# make up        Prefect's server, a worker and the deployments; Ctrl-C stops them
# make clean     remove .venv and caches; data/ stays

PYTHON ?= python3
LIMIT ?= 50
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo collect test check setup bench up clean browser
.DEFAULT_GOAL := demo

setup: $(READY) browser

$(READY): pyproject.toml constraints.txt deployments/install.sh
	@PYTHON="$(PYTHON)" sh deployments/install.sh packages
	@touch $@

browser:
	@sh deployments/install.sh browser

demo: setup
	@$(BIN)/python -m tests.naver_replica -- \
	    $(BIN)/python flows/collect.py "사과" --limit 40 --model tests/tiny_clip

collect: setup
	@test -n "$$QUERY" || { echo 'Say what to search for: make collect QUERY="고양이"' >&2; exit 2; }
	@$(BIN)/python flows/collect.py "$$QUERY" --limit "$$LIMIT"

test: check browser
	@$(BIN)/pytest

check: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

bench: setup
	@for stage in benchmarks/*.py; do $(BIN)/python "$$stage" || exit 1; done

up: setup
	@$(BIN)/honcho --no-prefix -f deployments/Procfile start

clean:
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache build *.egg-info

export QUERY LIMIT
