# make eval   evaluates the embedded default model and shows the verdict
# make test   runs all tests with coverage
# make bench  measures evalkit and its peers side by side (BENCH="overhead --rounds 3"); they install into ~/.cache/evalkit-bench;
#              writes benchmarks/results and docs/performance.md
# make bench-check  counts the work of the hot paths, and fails where one does over 15% more (CHECK="--only BLEU,chrF"); with valgrind
#              (Debian: apt-get install valgrind) in machine instructions, else in bytecode
# All create .venv and install what they need. PYTHON chooses another interpreter (3.11 or newer).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUITE ?= quickstart
MODEL ?= smollm2-135m
PYTEST_ARGS ?=
BENCH ?=
CHECK ?=

.PHONY: eval test lint bench bench-check clean
.DEFAULT_GOAL := eval

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "evalkit needs Python 3.11 or newer; try: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[hf,report,web]'
	@touch $@

$(VENV)/.installed-for-tests: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all,test,lint]'
	@touch $@

$(VENV)/.installed-for-bench: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[hf,openvino]'
	@touch $@

# A failed gate is a finished evaluation: only exit codes beyond "not good enough" and "unsure" stop make.
eval: $(VENV)/.installed
	@$(BIN)/evalkit run $(SUITE) --model $(MODEL) || { code=$$?; [ $$code -eq 1 ] || [ $$code -eq 4 ] || exit $$code; }

# Two workers with one thread each: models that fight over two cores spin more than they compute.
test: $(VENV)/.installed-for-tests
	$(BIN)/coverage erase
	OMP_NUM_THREADS=1 $(BIN)/coverage run -m pytest -n 2 --dist loadgroup --max-worker-restart=0 $(PYTEST_ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=90

lint: $(VENV)/.installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy evalkit
	$(BIN)/lint-imports

bench: $(VENV)/.installed-for-bench
	$(BIN)/python -m benchmarks $(BENCH)

bench-check: $(VENV)/.installed
	$(BIN)/python -m benchmarks.check $(CHECK)

clean:
	rm -rf $(VENV) .evalkit .mypy_cache .ruff_cache .pytest_cache htmlcov .coverage*
