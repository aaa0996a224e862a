"""Runs a program in a pseudo-terminal of its own: terminal.py columns program argument…

What comes to the standard input is typed, what the terminal shows goes to the standard output. Ends with the program's exit code.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios

columns, command = int(sys.argv[1]), sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    # Whoever runs the tests in the background hands on that it is ignored; a terminal does not.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execvp(command[0], command)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
sources = [0, terminal]
while True:
    ready, _, _ = select.select(sources, [], [])
    if 0 in ready:
        typed = os.read(0, 65536)
        if typed:
            os.write(terminal, typed)
        else:
            sources.remove(0)
    if terminal in ready:
        try:
            shown = os.read(terminal, 65536)
        except OSError:  # The program has closed it.
            break
        if not shown:
            break
        os.write(1, shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) % 256)
