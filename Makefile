# make run needs Python 3.11 or newer and nothing else. PORT=8080 and DATA=folder may be said with it.
# What each of the test commands is for, and what it may cost: docs/testing.md.

MAKEFLAGS += --no-print-directory
PYTHON ?= python3
IN_VENV := .venv/bin/python
# Two more than processors, since some of the suite waits for something. With six, three whole stacks, three browsers and three guests
# started in the same minute, and on a slow computer a guest needed ten times as long for its boot. What `make quick` runs hardly waits.
PYTEST := $(IN_VENV) -m pytest --dist loadgroup
ALL := $(PYTEST) -n 4
QUICK := $(PYTEST) -n 3
export PORT DATA GUESTS

.PHONY: run test quick test-slow test-chaos test-journeys test-openstack test-production screens images check fix bench audit dev

run:
	@exec "$(or $(PYTHON),python3)" deploy/local/bootstrap.py run

dev:
	@"$(or $(PYTHON),python3)" deploy/local/bootstrap.py dev
	@$(IN_VENV) -m deploy.local.assets

test: dev
	@"$(or $(PYTHON),python3)" deploy/local/tools.py
	@exec $(ALL) $(TESTS)

# No QEMU, no browser, no local cloud, no agent process, no whole Minga, none of the longest matrices.
quick: dev
	@exec $(QUICK) -m "not (slow or qemu or browser)" $(TESTS)

# What `make quick` leaves out.
test-slow: dev
	@"$(or $(PYTHON),python3)" deploy/local/tools.py
	@exec $(ALL) -m "slow or qemu or browser" $(TESTS)

# kill -9 of each part at each moment of a life. (bench.chaos, of `make bench`, is something else: it counts.)
test-chaos: dev
	@"$(or $(PYTHON),python3)" deploy/local/tools.py
	@exec $(IN_VENV) -m pytest tests/journeys -m chaos_all

# Minutes with the Debian guest: 200 MB, a long cut, a whole home, each hop of the way broken in turn.
test-journeys: dev
	@"$(or $(PYTHON),python3)" deploy/local/tools.py
	@$(IN_VENV) -m cloud.starter --folder "$${MINGA_TEST_DATA:-.data-test}/starter" debian-12
	@exec $(IN_VENV) -m pytest tests/journeys -m long_journey

test-openstack: dev
	@"$(or $(PYTHON),python3)" deploy/local/tools.py
	@exec $(IN_VENV) -m tests.openstack

# The image, compose, a VPS, guests' sshd, systemd and docs/admin/install.md, for real: root only.
test-production: dev
	@"$(or $(PYTHON),python3)" deploy/local/tools.py
	@$(IN_VENV) -m tests.production
	@$(IN_VENV) -m tests.guests
	@exec $(IN_VENV) -m tests.installation

# Pictures of every page, to be looked at: .data-screens/index.html.
screens: dev
	@"$(or $(PYTHON),python3)" deploy/local/tools.py
	@exec $(IN_VENV) -m tests.screens $(PAGES)

# The Debian guests for `make run` and `make test-slow`: what is built already is left as it is. Their own DATA, or the tests'.
images: dev
	@for name in debian-12 debian-12-web debian-12-desktop; do \
	$(IN_VENV) -m cloud.starter --folder "$(if $(DATA),$(DATA)/cloud,$${MINGA_TEST_DATA:-.data-test})/starter" $$name || exit 1; done

check: dev
	@exec $(IN_VENV) -m deploy.local.check

fix: dev
	@$(IN_VENV) -m ruff check --fix --quiet . ; exec $(IN_VENV) -m ruff format .

# With OS_CLOUD set, on that OpenStack, too: read bench/openstack_launch.py first. The others never look at it.
bench: dev
	@for name in tunnels dials many idle notices live terminals people fleet dashboard printed_pages chaos; do echo "== $$name"; env -u OS_CLOUD -u OS_AUTH_URL $(IN_VENV) -m bench.$$name || exit 1; done
	@test -n "$$OS_CLOUD$$OS_AUTH_URL" || exit 0; for name in openstack_launch openstack_sweep horizon chaos; do \
	echo "== $$name, on OpenStack"; $(IN_VENV) -m bench.$$name || exit 1; done

# Known faults in the packages that we use. Asks advisory services of PyPI and npm, so it needs a network and is not in CI.
audit: dev
	@$(PYTHON) -m venv .venv-audit && .venv-audit/bin/pip install -q pip-audit==2.10.1
	@.venv-audit/bin/pip-audit -r requirements.txt -r requirements-ldap.txt -r requirements-saml.txt; python=$$?; npm audit --omit=dev; node=$$?; exit $$((python || node))
