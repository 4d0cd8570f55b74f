"""A client of the server's door for originals (tus 1.0.0), for docking stations: standard library only.

It remembers nothing: where an upload is, stands in a file of its own beside the one that is sent, or in `state` where
that folder cannot be written; without that file it begins anew, and the server recognises what it has by its SHA-256.
Each piece has a checksum. What breaks is tried again for `PATIENCE_S`; after that the caller may call again.

Not here: the command (cli.backfill).
"""

import base64
import hashlib
import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

PIECE_BYTES = 4 << 20  # half a minute of the slowest 4G uplink that is of any use; what a cut costs at most
TIMEOUT_S = 300.0  # the last answer comes when the server has hashed the whole file
PATIENCE_S = 120.0  # links of recorders stand still for half a minute
RETRY_S = 2.0
VERSION = "1.0.0"
BESIDE = ".backfill"  # added to the name of the file that is sent

Progress = Callable[[Path, int, int], None]


class UploadRefusedError(Exception):
    """The server does not take it. The message is its own; `fix` what to do."""

    def __init__(self, words: str, fix: str = "") -> None:
        super().__init__(words)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Kept:
    """Under which id the server has the file; `known`: it had it before."""

    backfill: str
    sha256: str
    known: bool

    def json(self) -> str:
        return json.dumps(asdict(self))


class _Gone(Exception):
    """The server knows nothing of this upload any more."""


class Sender:
    """For one device. `key` is shown as a bearer, over TLS or to this machine."""

    def __init__(
        self,
        server: str,
        device: str,
        key: str,
        *,
        channel: str = "main",
        started: str = "",
        patience_s: float = PATIENCE_S,
        retry_s: float = RETRY_S,
    ) -> None:
        parts = urlsplit(server)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UploadRefusedError(f"{server} is no address of a server.", "Give https://HOST:PORT.")
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, parts.port
        self._door = f"/api/v1/backfill/devices/{quote(device, safe='')}"
        self._headers = {"Authorization": f"Bearer {key}", "Tus-Resumable": VERSION}
        self._words = {"channel": channel, "started": started}
        self._patience_s = patience_s
        self._retry_s = retry_s

    def send(self, file: Path, progress: Progress | None = None) -> Kept:
        """
        Raises:
            UploadRefusedError: the server does not take it.
            OSError: it cannot be read, or the server not be reached; called again it goes on.
        """
        size, sha256 = file.stat().st_size, _digest(file)
        state = file.with_name(file.name + BESIDE)
        place = _remembered(state, sha256)
        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                if not place:
                    begun = self._begin(file, size, sha256)
                    if isinstance(begun, Kept):
                        return begun
                    place = begun
                    _remember(state, place, sha256)
                backfill = self._go_on(file, place, size, progress)
                state.unlink(missing_ok=True)
                return Kept(backfill, sha256, known=False)
            except _Gone:
                place = ""
                state.unlink(missing_ok=True)
            except (http.client.HTTPException, OSError) as error:
                if time.monotonic() > deadline:
                    raise OSError(str(error) or type(error).__name__) from error
                time.sleep(self._retry_s)

    def _begin(self, file: Path, size: int, sha256: str) -> "Kept | str":
        """The path of the upload; or the file is there already."""
        words = {"filename": file.name, "sha256": sha256, **{key: word for key, word in self._words.items() if word}}
        said = ",".join(f"{key} {base64.b64encode(word.encode()).decode()}" for key, word in words.items())
        answer = self._ask("POST", self._door, {"Upload-Length": str(size), "Upload-Metadata": said})
        if answer.status == 201:
            return answer.headers["location"]
        problem = answer.problem
        if answer.status == 409 and "backfill" in problem:
            return Kept(str(problem["backfill"]), sha256, known=True)
        raise answer.refusal()

    def _go_on(self, file: Path, place: str, size: int, progress: Progress | None) -> str:
        """The id under which it is kept."""
        answer = self._ask("HEAD", place, {})
        while True:
            if answer.status == 404:
                raise _Gone
            if answer.status not in (200, 204, 409, 460):
                raise answer.refusal()
            if "mingjing-backfill" in answer.headers:
                if progress is not None:
                    progress(file, size, size)
                return answer.headers["mingjing-backfill"]
            if answer.status == 460:
                answer = self._ask("HEAD", place, {})
                continue
            offset = int(answer.headers["upload-offset"])
            if progress is not None:
                progress(file, offset, size)
            with file.open("rb") as source:
                source.seek(offset)
                piece = source.read(PIECE_BYTES)
            digest = base64.b64encode(hashlib.sha256(piece).digest()).decode()
            headers = {
                "Content-Type": "application/offset+octet-stream",
                "Upload-Offset": str(offset),
                "Upload-Checksum": f"sha256 {digest}",
            }
            answer = self._ask("PATCH", place, headers, piece)

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> "_Answer":
        connection: http.client.HTTPConnection
        if self._secure:
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(self._host, self._port, timeout=TIMEOUT_S, context=context)
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
        try:
            connection.request(method, path, body, {**self._headers, **headers})
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            answer = _Answer(response.status, found, response.read())
        finally:
            connection.close()
        if answer.status in (408, 423, 429, 500, 502, 503, 504):
            raise OSError(answer.words)
        return answer


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def problem(self) -> Mapping[str, object]:
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def words(self) -> str:
        return str(self.problem.get("detail") or f"the server answered {self.status}")

    def refusal(self) -> UploadRefusedError:
        return UploadRefusedError(self.words, str(self.problem.get("fix") or ""))


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as source:
        while piece := source.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _remembered(state: Path, sha256: str) -> str:
    """Where the upload of this very content is; empty: nowhere."""
    try:
        found = json.loads(state.read_text(encoding="utf-8"))
        return str(found["place"]) if found["sha256"] == sha256 else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _remember(state: Path, place: str, sha256: str) -> None:
    try:
        state.write_text(json.dumps({"place": place, "sha256": sha256}) + "\n", encoding="utf-8")
    except OSError:
        return  # a card that cannot be written: the next run begins anew
