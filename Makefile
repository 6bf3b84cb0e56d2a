# make demo      the main job on embedded parts: a folder of images in about a minute
# make collect   the same for real:  make collect QUERY="고양이" [LIMIT=50]
# make test      the checks and the tests, but for those of clusters
# make test-clusters   the tests with Dask, Ray and several workers
# make setup     only what the others do first: .venv, packages, the browser
# make check     formatting, lint and types, of Python and of the page
# make format    write both as the formatters want them
# make schema    make the JSON Schemas in docs/schema/ from their types anew
# make bench     each stage against its peer
# make up        the dashboard, Prefect's server and a worker, until Ctrl-C:
#                make up [DASHBOARD_PORT=8000] [PREFECT_PORT=4200]
# make clean     remove what was installed, and caches; data/ stays

PYTHON ?= python3
LIMIT ?= 50
PREFECT_PORT ?= 4200
DASHBOARD_PORT ?= 8000
BIN := .venv/bin
READY := .venv/.ready
NODE_READY := node_modules/.ready

# In a locale of another encoding Python may not even find a file in a folder of a Korean name.
CHARMAP := $(shell locale charmap 2>/dev/null)
ifneq ($(filter-out UTF-8 ANSI_X3.4-1968 US-ASCII,$(CHARMAP)),)
export PYTHONUTF8 := 1
export PYTHONIOENCODING ?= $(CHARMAP)
endif

.PHONY: demo collect test test-clusters check format setup schema bench up clean browser
.DEFAULT_GOAL := demo

setup: $(READY) browser

$(READY): pyproject.toml constraints.txt deployments/install.sh
	@PYTHON="$(PYTHON)" sh deployments/install.sh packages
	@touch $@

$(NODE_READY): package.json package-lock.json .npmrc deployments/install.sh
	@sh deployments/install.sh node_packages
	@touch $@

browser:
	@sh deployments/install.sh browser

demo: setup
	@$(BIN)/python -m tests.naver_replica -- \
	    $(BIN)/python flows/collect.py "사과" --limit 40 --model tests/tiny_clip

collect: setup
	@test -n "$$QUERY" || { echo 'Say what to search for: make collect QUERY="고양이"' >&2; exit 2; }
	@PREFECT_SERVER_API_PORT="$(PREFECT_PORT)" \
	    $(BIN)/python flows/collect.py "$$QUERY" --limit "$$LIMIT"

test: check browser
	@$(BIN)/python -m pytest

test-clusters: setup
	@$(BIN)/python -m pytest -n 0 -m cluster

check: $(READY) $(NODE_READY)
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m mypy
	@npm run -s check

format: $(READY) $(NODE_READY)
	@$(BIN)/python -m ruff format .
	@npm run -s format

schema: $(READY)
	@$(BIN)/python docs/schema/make.py

bench: setup
	@for stage in flow download embed neighbours dashboard; do $(BIN)/python benchmarks/$$stage.py || exit 1; done

up: setup
	@PREFECT_PORT="$(PREFECT_PORT)" DASHBOARD_PORT="$(DASHBOARD_PORT)" exec sh deployments/up.sh

clean:
	@rm -rf .venv node_modules .pytest_cache .mypy_cache .ruff_cache build *.egg-info

export QUERY LIMIT
