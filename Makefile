# make install | demo | test | check | bench | faults | outcomes | golden | pictures | words | bundle | messages
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
ASSETS := mailer/web/assets
BUNDLED := mailer/web/bundle/manifest.json

.PHONY: install demo test check bench faults outcomes golden pictures constraints debian words bundle messages

install: .venv/installed

# The stamp is as new as what it was made from, so a changed pin installs again.
.venv/installed: pyproject.toml constraints.txt hatch_build.py $(ASSETS)/package-lock.json
	$(PYTHON) -m venv .venv
	$(PIP) install --quiet --upgrade "pip>=25.1"
	$(PIP) install --quiet --constraint constraints.txt --editable ".[postgres]"
	touch $@

# The console's scripts; `make install` builds them too, this builds them again after an edit.
bundle: $(BUNDLED)

$(BUNDLED): $(ASSETS)/package-lock.json $(ASSETS)/vite.config.js $(wildcard $(ASSETS)/src/*.js $(ASSETS)/src/*/*.js)
	cd $(ASSETS) && { [ -d node_modules ] || npm ci --no-audit --no-fund --ignore-scripts --loglevel=error; } && npm run --silent build
	touch $@

# mailer/web/catalogues/*.po, with every text that a page says; then translate what is new in them.
messages: .venv/tested
	$(BIN)/python -m tests.web.messages

.venv/tested: .venv/installed
	$(PIP) install --quiet --constraint constraints.txt --group test --group lint
	touch $@

# A whole shop with its own mail server, until Ctrl-C.
demo: install
	$(BIN)/mailer demo

debian:
	deploy/debian-test-packages

# Every test: real Dovecot, Postfix, PostgreSQL and Chromium; kills and stalls in a form of seconds.
test: .venv/tested debian bundle
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadgroup

# Before each commit: seconds, no servers.
check: .venv/tested bundle
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q -n 2 --dist loadgroup -m "not journey and not faults"

bench: .venv/tested
	for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

# The long kill, proxy and stall campaigns; about a quarter of an hour.
faults: .venv/tested debian
	MAILER_FAULTS=long $(BIN)/pytest -m faults -s

# docs/relay-outcomes.md, from dialogues with a scripted server and Postfix.
outcomes: .venv/tested debian
	$(BIN)/python -m tests.outbound.relay_outcomes

# tests/rendering/golden: every mail in every language and state; read `git diff` afterwards.
golden: .venv/tested
	$(BIN)/python -m tests.rendering.golden

pictures: .venv/tested debian bundle
	$(BIN)/python docs/pictures.py

constraints:
	rm -rf .venv && $(PYTHON) -m venv .venv
	$(PIP) install --quiet --upgrade "pip>=25.1" && $(PIP) install --quiet --editable ".[postgres]" --group test --group lint
	$(PIP) freeze --exclude-editable | grep -v '@ file' | sort -f > constraints.txt

# mailer/triage/words/*.weights, learned anew from the phrases beside them.
words: .venv/tested
	$(BIN)/python -m tests.triage.learn
