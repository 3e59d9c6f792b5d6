"""Put Minga on a computer: `local/` for one computer (`make run`), `vps/` for the computer with the public ports."""
