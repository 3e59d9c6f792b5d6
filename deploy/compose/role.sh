#!/bin/sh
# Runs once, when PostgreSQL makes its folder: the application's own role, which is no superuser, and its database.
# What reaches the database through the application can so not reach the computer's files.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$DATABASE_PASSWORD" --username postgres --dbname postgres <<'END'
CREATE ROLE minga LOGIN PASSWORD :'password';
CREATE DATABASE minga OWNER minga;
END
