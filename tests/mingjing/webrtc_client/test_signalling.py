"""Offers by HTTP: what a server answers, and what it says when it does not."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from mingjing.webrtc_client import Endpoint, OfferRefusedError, hang_up, post_offer

PROBLEM = b'{"title": "Not admitted", "detail": "The key is wrong."}'


class Answering(BaseHTTPRequestHandler):
    """Answers by the path; `heard` is what came."""

    heard: list[tuple[str, str, str | None, bytes]]

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append((self.command, self.path, self.headers["Authorization"], body))
        status, answer = {"/whip/dev1": (201, b"v=0"), "/whip/dev2": (403, PROBLEM)}.get(self.path, (502, b"<html>"))
        self.send_response(status)
        self.send_header("Location", "/whip/dev1/session?x=1")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_DELETE(self):
        self.heard.append((self.command, self.path, self.headers["Authorization"], b""))
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_): ...


@pytest.fixture
def server():
    heard = []
    listening = HTTPServer(("127.0.0.1", 0), type("Heard", (Answering,), {"heard": heard}))
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}", heard
    listening.shutdown()
    thread.join()
    listening.server_close()


def test_an_offer_goes_out_and_the_session_is_ended_where_the_answer_says(server):
    url, heard = server
    session = post_offer(Endpoint(f"{url}/whip/dev1", {"Authorization": "Bearer k"}), b"offer")
    assert session.answer == b"v=0"
    hang_up(session)  # gone already: no matter
    assert heard == [
        ("POST", "/whip/dev1", "Bearer k", b"offer"),
        ("DELETE", "/whip/dev1/session?x=1", "Bearer k", b""),
    ]
    assert "Bearer k" not in repr(session)


def test_a_refusal_has_the_servers_words(server):
    url, _ = server
    with pytest.raises(OfferRefusedError, match=r"403 The key is wrong\."):
        post_offer(Endpoint(f"{url}/whip/dev2"), b"offer")
    with pytest.raises(OfferRefusedError, match="502 <html>"):
        post_offer(Endpoint(f"{url}/elsewhere"), b"offer")


def test_nobody_there_is_an_error_of_the_connection():
    with pytest.raises(OSError, match="refused"):
        post_offer(Endpoint("http://127.0.0.1:1/whip/dev1"), b"offer")


@pytest.mark.parametrize("url", ["rtsp://127.0.0.1/dev1", "http://", "127.0.0.1:80"])
def test_what_is_no_address_of_http_is_refused(url):
    with pytest.raises(ValueError, match="http://HOST:PORT"):
        Endpoint(url)
