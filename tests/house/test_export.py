"""A package from push to proof: footage is recorded, cut, handed out over HTTP, and what was downloaded is checked."""

import asyncio
import contextlib
import hashlib
import io
import json
import sqlite3
import subprocess
import sys
import zipfile

import av

from tests.house.archive import until
from tests.house.case import case_at_hand
from tests.house.process import REPOSITORY

PATIENCE_S = 60.0


async def a_clip(house, seconds=3, device="dev1", case=""):
    """Of the last minutes of a device that has sent so long, for this case or one of its own."""
    push = await house.device(device).push(seconds=seconds)
    await push.all_sent()
    push.leave()
    await until(lambda: all(house.archive(device).sealed()) and house.archive(device).files())
    reviewer = house.person("reviewer")
    body = {"device": device, "last_s": 600, "note": "证明无照经营"}
    body["case"] = case or await case_at_hand(reviewer)
    made = await reviewer.call("POST", "clips", json=body)
    assert made.status_code == 201, made.text
    return push, made.json()


async def ordered(house, person="reviewer", **body):
    answer = await house.person(person).call("POST", "exports", json={"reason": "听证 hearing", **body})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def over(house, export):
    """The export, once it is ready or failed."""
    person = house.person("reviewer")
    async with asyncio.timeout(PATIENCE_S):
        while True:
            told = (await person.call("GET", f"exports/{export}")).json()
            if told["state"] not in ("waiting", "running"):
                return told
            await asyncio.sleep(0.02)


async def bundle_of(house, export):
    told = await over(house, export)
    assert told["state"] == "ready", told["failure"]
    answer = await house.person("reviewer").call("GET", f"exports/{export}/bundle", params={"reason": "court"})
    assert answer.status_code == 200, answer.text
    assert hashlib.sha256(answer.content).hexdigest() == told["sha256"]
    return answer.content


def verified(path, *options):
    """Exit status of `mingjing verify`, and what it says."""
    command = [sys.executable, "-m", "mingjing", "verify", str(path), "--json", *options]
    found = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    return found.returncode, found.stdout + found.stderr


async def test_what_was_pushed_and_cut_is_handed_out_with_its_custody_record_and_proves_itself(house, tmp_path):
    push, clip = await a_clip(house)
    path = tmp_path / "package.zip"
    path.write_bytes(await bundle_of(house, await ordered(house, clips=[clip["id"]])))
    code, said = await asyncio.to_thread(verified, path)
    assert code == 0, said
    bundle = zipfile.ZipFile(path)
    custody = json.loads(bundle.read("custody/custody.json"))
    [item] = custody["items"]
    assert (item["device"], item["clip"], item["note"]) == ("dev1", clip["id"], "证明无照经营")
    assert custody["export"]["ordered_by"] == "user:reviewer"
    acts = [entry["action"] for entry in custody["entries"]]
    assert acts == ["clip.create", "export.create"]
    lines, proofs = [bundle.read(f"custody/{name}.jsonl").splitlines() for name in ("entries", "proofs")]
    assert [json.loads(line)["n"] for line in lines] == [entry["n"] for entry in custody["entries"]]
    for line, proof in zip(lines, proofs, strict=True):
        assert json.loads(json.loads(proof)["leaf"])["digest"] == hashlib.sha256(line).hexdigest()
    assert bundle.read("custody/custody.pdf").startswith(b"%PDF-")
    with av.open(io.BytesIO(bundle.read("playable/1.mp4"))) as film:
        assert len(list(film.decode(video=0))) == len(push.numbers)

    end_ns = next(json.loads(line) for line in lines)["detail"]["end_ns"]
    with contextlib.closing(sqlite3.connect(house.data_dir / "mingjing.sqlite3")) as rows, rows:
        changed = rows.execute("update kept set state = replace(state, ?, ?)", (str(end_ns), str(end_ns - 10**9)))
        assert changed.rowcount == 1
    told = await over(house, await ordered(house, clips=[clip["id"]]))
    assert (told["state"], told["failure"]) == (
        "failed",
        f"The clip {clip['id']} is not what the audit log says of it.",
    )
    await house.stop()
    assert not list(house.tracebacks())


async def test_the_last_seconds_of_a_device_that_goes_on_sending_prove_themselves_too(house, tmp_path):
    push = await house.device("dev1").push()
    await house.archive("dev1").wait_for_unit(60)
    reviewer = house.person("reviewer")
    body = {"device": "dev1", "last_s": 60, "case": await case_at_hand(reviewer)}
    clip = (await reviewer.call("POST", "clips", json=body)).json()
    path = tmp_path / "package.zip"
    path.write_bytes(await bundle_of(house, await ordered(house, clips=[clip["id"]])))
    code, said = await asyncio.to_thread(verified, path)
    assert code == 0, said
    assert '"unproven"' not in said
    push.leave()
    await house.stop()
    assert not list(house.tracebacks())


async def test_the_copy_with_words_is_made_of_the_film_and_the_package_still_proves_itself(house, tmp_path):
    _, clip = await a_clip(house, seconds=1)
    path = tmp_path / "package.zip"
    path.write_bytes(await bundle_of(house, await ordered(house, clips=[clip["id"]], copies=True)))
    code, said = await asyncio.to_thread(verified, path)
    assert code == 0, said
    bundle = zipfile.ZipFile(path)
    [item] = json.loads(bundle.read("bundle.json"))["items"]
    assert [one["made_from"] for one in item["derived"]] == ["playable/1.mp4"]
    with av.open(io.BytesIO(bundle.read("derived/1.mp4"))) as film:
        assert len(list(film.decode(video=0))) == item["derived"][0]["picture"]["pictures"]
    await house.stop()
    assert not list(house.tracebacks())


async def test_a_package_that_is_being_made_when_the_server_is_killed_is_made_anew(house):
    _, clip = await a_clip(house)
    export = await ordered(house, clips=[clip["id"]])
    await house.kill()
    await house.start()
    assert zipfile.ZipFile(io.BytesIO(await bundle_of(house, export))).testzip() is None
    left = [path.name for path in (house.data_dir / "exports").iterdir()]
    assert left == [f"{export}.zip"]
    await house.stop()
    assert not list(house.tracebacks())
