# Two commands matter: `make run` (set up and serve) and `make test` (set up and check everything).
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
.DEFAULT_GOAL := help
.PHONY: help run demo test check lint types unit bench soak compiled docs lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

$(VENV)/runtime.stamp: requirements/runtime.lock
	@PYTHON=$(PYTHON) ./bin/setup runtime

$(VENV)/dev.stamp: requirements/dev.lock
	@PYTHON=$(PYTHON) ./bin/setup dev

run: $(VENV)/runtime.stamp ## set up, and serve the example service on loopback until Ctrl-C
	@exec $(PY) -m svar serve

demo: $(VENV)/runtime.stamp ## the same with simulated callers and agents, and a live table
	@exec $(PY) -m svar demo $(ARGS)

test: lint ## set up, and run every check that needs no root
	@$(MAKE) --no-print-directory -j 2 types unit

lint: $(VENV)/dev.stamp
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(VENV)/dev.stamp
	$(VENV)/bin/mypy

unit: $(VENV)/dev.stamp ## every test, and the branch coverage of the modules without I/O
	./bin/tests $(ARGS)

bench: $(VENV)/dev.stamp ## the load harness against svar on one core; writes docs/performance.md
	$(PY) -m tests.bench.run $(ARGS)

soak: $(VENV)/dev.stamp ## drawn tests, the mutation flood, calls on bad networks and three nodes in full; writes docs/soak.md
	$(PY) -m tests.soak $(ARGS)

compiled: $(VENV)/dev.stamp ## the same tree with the protocol machines compiled by mypyc, in .compiled/
	$(PY) bin/compile $(ARGS)

docs: $(VENV)/dev.stamp ## write the generated pages anew
	$(PY) -m svar docs

lock: $(VENV)/dev.stamp ## pin every dependency by hash, naming no host (needs uv)
	for f in runtime dev probe; do uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header requirements/$$f.in -o requirements/$$f.lock; done

clean:
	rm -rf $(VENV) .compiled .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage state
