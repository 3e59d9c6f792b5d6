"""The live process: connections that stay open, beside the web process. It carries events of open pages and dialed
connections.

Owns: who may hold such a connection and for how long, and what is sent on it. An open connection costs no thread and no
connection to the database: rows are read in short calls (`reading`). Never: a Django view, a page, a write about a machine.
"""
