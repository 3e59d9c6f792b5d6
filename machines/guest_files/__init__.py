"""Files of a machine over SFTP: lists, downloads, uploads in pieces, tar archives, whole homes.

Everything works on an `asyncssh.SSHClientConnection` that somebody else opened. Owns: how a guest is asked, and the sentences
for what it refuses. Never: a row of the database, HTTP, who may do it. A guest is hostile: each answer is bounded in size and time.
"""

BLOCK = 65536  # bytes of one request; OpenSSH takes at most 261,120
REQUESTS = 16  # on their way at the same time, for one file
