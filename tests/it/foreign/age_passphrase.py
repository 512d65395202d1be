"""Decrypts a file with the age program and a passphrase, which it takes from a terminal alone.

age_passphrase.py FILE OUT: reads the passphrase from standard input.
"""

import os
import pty
import sys

file, out = sys.argv[1:]
passphrase = sys.stdin.read().encode()
child, terminal = pty.fork()
if child == 0:
    os.execvp("age", ["age", "--decrypt", "--output", out, file])
heard = b""
while b"passphrase" not in heard:
    heard += os.read(terminal, 1024)
os.write(terminal, passphrase + b"\n")
try:
    while True:
        heard += os.read(terminal, 1024)
except OSError:
    # How the end of a terminal is told on Linux.
    pass
_, status = os.waitpid(child, 0)
if status != 0:
    sys.exit(heard.decode(errors="replace"))
