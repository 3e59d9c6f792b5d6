# make run needs Python 3.11 or newer and nothing else. PORT=8080 and DATA=folder may be said with it.

MAKEFLAGS += --no-print-directory
PYTHON ?= python3
IN_VENV := .venv/bin/python
export PORT DATA GUESTS

.PHONY: run test test-openstack check fix bench dev

run:
	@exec $(PYTHON) deploy/local/bootstrap.py run

dev:
	@$(PYTHON) deploy/local/bootstrap.py dev
	@$(IN_VENV) -m deploy.local.assets

test: dev
	@$(PYTHON) deploy/local/tools.py
	@exec $(IN_VENV) -m pytest -n 2 --dist loadfile $(TESTS)

test-openstack: dev
	@$(PYTHON) deploy/local/tools.py
	@$(IN_VENV) -m deploy.local.assets
	@exec $(IN_VENV) -m tests.openstack

check: dev
	@exec $(IN_VENV) -m deploy.local.check

fix: dev
	@$(IN_VENV) -m ruff check --fix --quiet . ; exec $(IN_VENV) -m ruff format .

# With OS_CLOUD set, on that OpenStack, too: read bench/openstack_launch.py first. The others never look at it.
bench: dev
	@for name in tunnels many idle chaos; do echo "== $$name"; env -u OS_CLOUD -u OS_AUTH_URL $(IN_VENV) -m bench.$$name || exit 1; done
	@test -n "$$OS_CLOUD$$OS_AUTH_URL" || exit 0; for name in openstack_launch openstack_sweep horizon chaos; do \
	echo "== $$name, on OpenStack"; $(IN_VENV) -m bench.$$name || exit 1; done
