"""The roof: what an operator runs, and how the rooms are put together.

Here: settings, the command line (`cli`), the control socket by which commands reach a running
server (`control`), wiring and lifecycle of the server, backup and restore, the fleet simulator and
the benchmarks.
Not here: anything that a room does. Nothing imports this package.
"""
