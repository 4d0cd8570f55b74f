"""Passwords come in through a pipe: what is typed as an argument, everybody on the machine can read."""

import sys
from typing import Annotated

import typer

from mingjing.control import CommandError

PASSWORD_MAX = 4096  # characters read from a pipe; what a password may be is the rooms' rule

PasswordStdinOption = Annotated[
    bool, typer.Option("--password-stdin", help="Take the password from standard input, one line.")
]


def read_password() -> str:
    line = sys.stdin.readline(PASSWORD_MAX + 2).removesuffix("\n").removesuffix("\r")
    if not line or len(line) > PASSWORD_MAX:
        raise CommandError("There is no password on standard input.", fix="Pipe in one line.")
    return line
