# Two commands set up what they need on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
# Stamps: what running needs is installed, and what the tests need besides. What they weigh with
# their bytecode, in MB, is measured by tests/end_to_end/test_fresh_process.py.
RUNNING := .venv/.running
RUNNING_MB := 260
TESTING := .venv/.testing
TESTING_MB := 850
DOCS := .venv/.docs
DOCS_MB := 60

.PHONY: demo docs pages test test-nightly test-hard test-e2e check setup setup-dev setup-docs setup-test dist lock lock-docs clean bench-gateway bench-paper bench-engine bench-journal bench-report bench-start bench-latency

demo: $(RUNNING)
	$(BIN)/px demo

# Every lane whatever the others did; a total as the last line (tests/lanes.py).
test: setup-test
	$(BIN)/python tests/lanes.py

# With the thousand seeds that are too many for each push.
test-nightly: setup-test
	NIGHTLY=1 $(BIN)/python tests/lanes.py

# Each lane three times in a row while others hold every core, then once on half a core.
test-hard: setup-test
	$(BIN)/python tests/lanes.py --hard

# The schedule as a whole, on real processes: every way in which a session ends under `px up`.
test-e2e: $(TESTING)
	$(BIN)/python -m pytest -m e2e -n 2 --dist loadgroup

check: $(TESTING)
	$(BIN)/python tests/lanes.py check

# What a market message costs beside signalrcore as shipped and beside the floor; about 45 s.
bench-gateway: $(TESTING)
	$(BIN)/python tests/benchmarks/bench_gateway.py

# How fast the paper gateway is on this machine; fails when it is slower than promised.
bench-paper: $(TESTING)
	$(BIN)/python tests/benchmarks/bench_paper.py

# How many events a second the engine judges, and whether it grows over ten million; about 90 s.
bench-engine: $(TESTING)
	$(BIN)/python tests/benchmarks/bench_engine.py

# What a row costs the hot path, and how many events a second are written down; about 30 s.
bench-journal: $(TESTING)
	$(BIN)/python tests/benchmarks/bench_journal.py

# How long the report of a day of five million events takes; about 2 minutes, 2 GB of temporary files.
bench-report: $(TESTING)
	$(BIN)/python tests/benchmarks/bench_report.py

# How long a verb takes until something happens, in starts of a bare interpreter; about 90 s.
bench-start: $(TESTING)
	$(BIN)/python tests/benchmarks/bench_start.py

# From a print on the wire to the order that answers it, beside the floor and others; about an hour.
bench-latency: $(TESTING)
	$(BIN)/python tests/benchmarks/bench_latency.py

# The documentation as a site, in build/site. With `--quiet` MkDocs would count no warning.
docs: $(DOCS)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# What the documents take from the code: commands, settings, inputs, strategies, decisions.
pages: $(TESTING)
	PYTHONPATH=tests $(BIN)/python -m pages

# The wheel and the source archive, in dist/.
dist: $(TESTING)
	$(BIN)/python -m build --no-isolation

setup: $(RUNNING)

setup-dev: $(TESTING)

setup-docs: $(DOCS)

# Where MkDocs cannot be installed, the lane `docs` says so.
setup-test: $(TESTING)
	-@$(MAKE) --no-print-directory setup-docs

# Reinstalls only when the lock or the package's own metadata changed.
$(RUNNING): requirements.lock pyproject.toml pxcore/__init__.py
	@PYTHON="$(PYTHON)" .ci/setup $< $(RUNNING_MB)
	@touch $@

# On top of it: the one lock holds the other.
$(TESTING): requirements-dev.lock $(RUNNING)
	@PYTHON="$(PYTHON)" .ci/setup $< $(TESTING_MB)
	@touch $@

$(DOCS): requirements-docs.lock $(TESTING)
	@PYTHON="$(PYTHON)" .ci/setup $< $(DOCS_MB)
	@touch $@

# Needs `uv` on the path; the locks name no index and no host.
LOCK := uv pip compile pyproject.toml --group checkout --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-annotate --no-header --no-strip-extras --quiet
lock:
	$(LOCK) --output-file requirements.lock
	$(LOCK) --extra dev --constraint requirements.lock --output-file requirements-dev.lock

# What `make docs` needs besides, in versions that stand beside those of the other locks.
lock-docs: $(TESTING)
	$(BIN)/python -c "import tomllib; \
		print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['docs'], sep='\n')" | \
		uv pip compile - --constraint requirements-dev.lock --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --no-header --no-strip-extras \
		--output-file requirements-docs.lock

clean:
	rm -rf .venv .px-demo build dist *.egg-info
