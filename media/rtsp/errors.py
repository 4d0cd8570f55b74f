"""What a peer can do wrong, as one exception that carries its own answer."""


class RtspError(Exception):
    """The peer broke RTSP in a way that is not tolerated.

    `status` is what it is answered with, `words` say to a person what was wrong. Raised by the
    parsers; `ServerConnection` turns it into an answer and, where the place in the byte stream is
    lost, into the end of the connection.
    """

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status} {words}")
        self.status = status
        self.words = words
