#!/bin/sh
# Runs once, when PostgreSQL makes its folder: the application's own role, which is no superuser, and its database.
# What reaches the database through the application can so not reach the computer's files.
set -eu
# psql takes the password out of its environment: everybody on the computer can read a command line.
psql --set=ON_ERROR_STOP=1 --username postgres --dbname postgres <<'END'
\getenv password DATABASE_PASSWORD
CREATE ROLE minga LOGIN PASSWORD :'password';
CREATE DATABASE minga OWNER minga;
END
