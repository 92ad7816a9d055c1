"""The fixed-size messages between the supervisor and its zygotes."""

import struct

COMMAND = struct.Struct("=IIIII32s")
"""uid, processes, file size in MB, CPU seconds, open files, name of the run's directory."""
STARTED = struct.Struct("=ci")
"""b"r" or b"p", pid: the zygote is ready, or a child was forked."""
ENDED = struct.Struct("=ciiddq")
"""b"x", pid, wait status, user s, system s, max rss kB: a child ended."""
