"""A process that burns words into the pictures of one film, `python -m workers.inside.burn_in PID-OF-THE-SERVER`.

It speaks over the socket that is its standard input, and ends with it, with the server, and of everything that it does
not understand.
"""

import socket
import sys

import av.logging

from media import Codec
from workers.burn_wire import (
    HEAD_BYTES,
    BurnKind,
    BurnOrder,
    BurnWireError,
    Lettering,
    Zone,
    burn_message,
    burnt_message,
    head_of,
    read_card,
    read_open,
    read_picture,
)
from workers.inside.burner import Burner
from workers.inside.confinement import begin_unit, confine, die_with, let_go_of_others
from workers.inside.letters import load_font

MEMORY_BYTES = 768 << 20  # beyond what is mapped: decoder and coder of 1080p need a third of it
PICTURE_MAX_S = 5.0  # of processor time: a picture of 1080p takes a twentieth of a second, of 4K four times that


def main() -> None:
    die_with(int(sys.argv[1]))
    let_go_of_others()
    av.logging.set_level(av.logging.PANIC)
    font = load_font()
    _rehearse(font)
    connection = socket.socket(fileno=0)
    confine(MEMORY_BYTES)
    connection.sendall(burn_message(BurnKind.READY))
    burner: Burner | None = None
    with connection.makefile("rb") as said:
        while head := said.read(HEAD_BYTES):
            length, kind = head_of(head)
            body = said.read(length)
            begin_unit(PICTURE_MAX_S)
            if kind is BurnKind.OPEN and burner is None:
                burner = Burner(read_open(body), font)
            elif kind is BurnKind.PICTURE and burner is not None:
                connection.sendall(burnt_message(burner.take(*read_picture(body))))
            elif kind is BurnKind.CARD and burner is not None:
                burner.card(*read_card(body))
            elif kind is BurnKind.END and burner is not None:
                connection.sendall(burnt_message(burner.finish()))
            else:
                raise BurnWireError(f"{kind.name} out of turn")


def _rehearse(font: bytes) -> None:
    """Do once what will be done: tables are computed and modules loaded that a confined process cannot load."""
    words = Lettering((Zone("UTC", 0),), ("a",), ("b",), "c")
    for codec in (Codec.H264, Codec.H265):
        burner = Burner(BurnOrder(codec, b"", 64, 64, words), font)
        burner.rehearse()
        burner.finish()


if __name__ == "__main__":
    main()
