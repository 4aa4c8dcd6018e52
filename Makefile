# Two commands set up everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
DOCS_STAMP := .venv/.installed-docs

.PHONY: demo docs pages test test-nightly test-hard test-e2e check setup setup-docs setup-test lock lock-docs clean bench-gateway bench-paper bench-engine bench-journal bench-report bench-start

demo: setup
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
test-e2e: setup
	$(BIN)/python -m pytest -m e2e -n 2 --dist loadgroup

check: setup
	$(BIN)/python tests/lanes.py check

# What a market message costs beside signalrcore as shipped and beside the floor; about 45 s.
bench-gateway: setup
	$(BIN)/python tests/benchmarks/bench_gateway.py

# How fast the paper gateway is on this machine; fails when it is slower than promised.
bench-paper: setup
	$(BIN)/python tests/benchmarks/bench_paper.py

# How many events a second the engine judges, and whether it grows over ten million; about 90 s.
bench-engine: setup
	$(BIN)/python tests/benchmarks/bench_engine.py

# What a row costs the hot path, and how many events a second are written down; about 30 s.
bench-journal: setup
	$(BIN)/python tests/benchmarks/bench_journal.py

# How long the report of a day of five million events takes; about 2 minutes, 2 GB of temporary files.
bench-report: setup
	$(BIN)/python tests/benchmarks/bench_report.py

# How long a verb takes until something happens, in starts of a bare interpreter; about 60 s.
bench-start: setup
	$(BIN)/python tests/benchmarks/bench_start.py

# The documentation as a site, in build/site. With `--quiet` MkDocs would count no warning.
docs: $(DOCS_STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# What the documents take from the code: commands, settings, inputs, strategies, decisions.
pages: setup
	PYTHONPATH=tests $(BIN)/python -m pages

setup: $(STAMP)

setup-docs: $(DOCS_STAMP)

# Where MkDocs cannot be installed, the lane `docs` says so.
setup-test: setup
	-@$(MAKE) --no-print-directory setup-docs

# Reinstalls only when the lock or the package's own metadata changed.
$(STAMP): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/python -m pip check
	touch $(STAMP)

$(DOCS_STAMP): requirements-docs.lock $(STAMP)
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-docs.lock
	$(BIN)/python -m pip check
	touch $(DOCS_STAMP)

# Needs `uv` on the path; the lock names no index and no host.
lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --no-header --no-strip-extras \
		--output-file requirements.lock

# What `make docs` needs besides, in versions that stand beside those of the other lock.
lock-docs: setup
	$(BIN)/python -c "import tomllib; \
		print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['docs'], sep='\n')" | \
		uv pip compile - --constraint requirements.lock --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --no-header --no-strip-extras \
		--output-file requirements-docs.lock

clean:
	rm -rf .venv .px-demo build *.egg-info
