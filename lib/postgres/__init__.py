"""Django's PostgreSQL backend, for processes that keep prepared statements while a migration changes the tables (DATABASES)."""
