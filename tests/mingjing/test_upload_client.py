"""A docking station's client against the real server: pieces, cuts, and files that are known."""

import asyncio
import json

import pytest

from mingjing import upload_client
from mingjing.cli import main
from mingjing.upload_client import Sender, UploadRefusedError
from tests.viewer.conftest import furnished, open_front
from tests.viewer.originals import digest

FILE = (24).to_bytes(4, "big") + b"ftypisom" + bytes(12) + bytes(range(256)) * 400


@pytest.fixture
async def front(tmp_path):
    folder = tmp_path / "store"
    folder.mkdir()
    async with open_front(furnished(folder)) as opened:
        yield opened


@pytest.fixture
def card(tmp_path, monkeypatch):
    monkeypatch.setattr(upload_client, "PIECE_BYTES", 20_000)
    path = tmp_path / "0001.MP4"
    path.write_bytes(FILE)
    return path


async def sender(front, **options):
    key = (await front.registry.devices.rotate_key("dev-north", principal="cli:0")).key
    return Sender(front.base_url, "dev-north", key, retry_s=0.01, **options)


async def test_a_file_is_sent_in_pieces_and_known_the_second_time(front, card):
    station = await sender(front)
    steps = []
    kept = await asyncio.to_thread(station.send, card, lambda _, done, size: steps.append((done, size)))
    assert (kept.sha256, kept.known) == (digest(FILE), False)
    assert [done for done, _ in steps] == [0, 20_000, 40_000, 60_000, 80_000, 100_000, len(FILE)]
    found = await front.services.backfill.backfills.find(kept.backfill)
    assert (front.services.data_dir / "media" / found.path).read_bytes() == FILE
    again = await asyncio.to_thread(station.send, card)
    assert (again.backfill, again.known) == (kept.backfill, True)
    assert sorted(path.name for path in card.parent.iterdir()) == ["0001.MP4", "store"]


async def test_after_a_cut_the_next_run_goes_on_where_the_server_has_it(front, card, monkeypatch):
    station = await sender(front, patience_s=0)
    ask, asked = Sender._ask, []

    def cut(self, method, path, headers, body=None):
        asked.append((method, headers.get("Upload-Offset")))
        if method == "PATCH" and headers["Upload-Offset"] == "40000" and len(asked) < 6:
            raise ConnectionResetError("cut")
        return ask(self, method, path, headers, body)

    monkeypatch.setattr(Sender, "_ask", cut)
    with pytest.raises(OSError, match="cut"):
        await asyncio.to_thread(station.send, card)
    assert card.with_name("0001.MP4.backfill").exists()
    asked.append(("restart", None))
    assert not (await asyncio.to_thread(station.send, card)).known
    after = asked[asked.index(("restart", None)) + 1 :]
    assert after[0] == ("HEAD", None)
    assert [offset for method, offset in after if method == "PATCH"] == ["40000", "60000", "80000", "100000"]


async def test_an_upload_that_the_server_forgot_begins_anew(front, card):
    station = await sender(front)
    card.with_name("0001.MP4.backfill").write_text(
        json.dumps({"place": "/api/v1/backfill/devices/dev-north/gone", "sha256": digest(FILE)})
    )
    assert not (await asyncio.to_thread(station.send, card)).known


async def test_what_the_server_refuses_is_told_in_its_words(front, card):
    station = await sender(front)
    wrong = Sender(front.base_url, "dev-north", "no key of ours")
    with pytest.raises(UploadRefusedError, match="not admitted") as refused:
        await asyncio.to_thread(wrong.send, card)
    assert refused.value.fix == "Check the device's id and key."
    card.write_bytes(b"\x89PNG" + bytes(100))
    with pytest.raises(UploadRefusedError, match="no MP4"):
        await asyncio.to_thread(station.send, card)
    with pytest.raises(UploadRefusedError, match="no address"):
        Sender("ftp://x", "dev-north", "key")


async def test_the_command_says_under_which_id_it_is_kept(front, card, tmp_path, capsys, monkeypatch):
    key = tmp_path / "key"
    key.write_text((await front.registry.devices.rotate_key("dev-north", principal="cli:0")).key + "\n")
    words = ["backfill", str(card), "--device", "dev-north", "--server", front.base_url, "--key-file", str(key)]
    monkeypatch.setattr("sys.argv", ["mingjing", *words, "--json"])
    with pytest.raises(SystemExit) as left:
        await asyncio.to_thread(main)
    assert not left.value.code
    answer = json.loads(capsys.readouterr().out)
    assert await front.services.backfill.backfills.find(answer["backfill"]) is not None
