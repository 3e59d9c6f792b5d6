"""The production files run for real: the image is built, docker-compose.yml is started. `python -m tests.production`, as root."""
