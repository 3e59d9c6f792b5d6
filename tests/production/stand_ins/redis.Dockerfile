ARG PYTHON
FROM ${PYTHON}
RUN apt-get -o Acquire::Check-Valid-Until=false -qq update && apt-get -qq install -y --no-install-recommends redis-server
