"""A worker process, `python -m workers.inside PID-OF-THE-SERVER`: units in, packets out.

It speaks over the socket that is its standard input, and ends with it, with the server, and of everything
that it does not understand.
"""

import socket
import sys

import av.logging

from workers.inside.confinement import begin_unit, confine, die_with, let_go_of_others
from workers.inside.transcoder import Transcoder, UnreadableSoundError
from workers.wire import Answer, Kind, Message, MessageReader, made_message, message, read_open, read_unit

READ_BYTES = 65_536


def main() -> None:
    die_with(int(sys.argv[1]))
    let_go_of_others()
    av.logging.set_level(av.logging.PANIC)
    Transcoder.rehearse()
    connection = socket.socket(fileno=0)
    confine()
    connection.sendall(message(Kind.READY, 0))
    reader = MessageReader()
    transcoders: dict[int, Transcoder] = {}
    while data := connection.recv(READ_BYTES):
        for one in reader.receive(data):
            answer = _work(one, transcoders)
            if answer is not None:
                connection.sendall(made_message(one.job, answer))


def _work(one: Message, transcoders: dict[int, Transcoder]) -> Answer | None:
    begin_unit()
    if one.kind is Kind.OPEN:
        transcoders[one.job] = Transcoder(read_open(one.body))
    elif one.kind is Kind.CLOSE:
        del transcoders[one.job]
    else:
        try:
            return Answer(transcoders[one.job].take(*read_unit(one.body)), unreadable=False)
        except UnreadableSoundError:
            return Answer((), unreadable=True)
    return None


if __name__ == "__main__":
    main()
