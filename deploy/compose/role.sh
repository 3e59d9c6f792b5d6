#!/bin/sh
# Runs once, when PostgreSQL makes its folder: makes the application's own role and its database. The role is no superuser, so
# an injected statement cannot reach the computer's files.
set -eu
# psql reads the password from its environment: everybody on the computer can read a command line.
psql --set=ON_ERROR_STOP=1 --username postgres --dbname postgres <<'END'
\getenv password DATABASE_PASSWORD
CREATE ROLE minga LOGIN PASSWORD :'password';
CREATE DATABASE minga OWNER minga;
END
