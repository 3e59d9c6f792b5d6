# What the entrypoint of Docker Hub's image does, as far as docker-compose.yml relies on it: an empty folder becomes a database, with a
# server that only local programs reach meanwhile. A folder with PG_VERSION in it is taken as it is, also where that was interrupted.
set -eu
if [ -s "$PGDATA/PG_VERSION" ]; then
    echo "There is a database already: skipping initialization"
else
    mkdir -p -m 700 "$PGDATA"
    umask 077
    echo "$POSTGRES_PASSWORD" > /tmp/password
    # shellcheck disable=SC2086 # several words
    initdb --username=postgres --pwfile=/tmp/password $POSTGRES_INITDB_ARGS "$PGDATA"
    rm /tmp/password
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    pg_ctl --pgdata="$PGDATA" --options="-c listen_addresses=''" --wait start
    for file in /docker-entrypoint-initdb.d/*.sh; do sh "$file"; done
    pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop
fi
exec "$@"
