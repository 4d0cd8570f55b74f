"""Sources of fixed cameras over HTTP."""

import pytest

from viewer.access import Role

PATH = "/api/v1/devices/dev-north"
SOURCE = {
    "url": "rtsps://10.20.0.7/live",
    "user": "admin",
    "password": "s3cret-s3cret",
    "fingerprint": "AB:" * 31 + "AB",
}


@pytest.fixture
async def site(front):
    return await front.person(Role.SITE_ADMIN)


async def test_a_source_is_given_shown_without_its_password_changed_and_taken_away(front, site):
    assert (await site.get(f"{PATH}/source")).json() is None
    assert (await site.get(PATH)).json()["fetched"] is False
    given = await site.put(f"{PATH}/source", json=SOURCE, headers={"If-Match": '"1"'})
    assert given.status_code == 200
    assert given.json() == {
        "url": "rtsps://10.20.0.7/live",
        "user": "admin",
        "has_password": True,
        "transport": "auto",
        "fingerprint": "ab" * 32,
    }
    assert (await site.get(PATH)).json()["fetched"] is True
    change = {"url": "rtsps://10.20.0.7/other", "user": "admin", "transport": "udp"}
    changed = await site.put(f"{PATH}/source", json=change, headers={"If-Match": given.headers["etag"]})
    assert (changed.json()["has_password"], changed.json()["fingerprint"]) == (True, "")
    gone = await site.delete(f"{PATH}/source", headers={"If-Match": changed.headers["etag"]})
    assert gone.status_code == 204
    assert (await site.get(f"{PATH}/source")).json() is None
    mine = [action for who, action, device in await front.actions() if device == "dev-north"]
    assert mine[-3:] == ["device.set_source", "device.set_source", "device.remove_source"]


async def test_the_password_comes_out_nowhere(front, site, caplog):
    answers = [await site.put(f"{PATH}/source", json=SOURCE, headers={"If-Match": '"1"'})]
    answers += [await site.get(path) for path in (f"{PATH}/source", PATH, "/api/v1/devices")]
    wrong = SOURCE | {"password": "s3cret-s3cret" * 20}
    answers.append(await site.put(f"{PATH}/source", json=wrong, headers={"If-Match": '"2"'}))
    assert answers[-1].status_code == 422
    auditor = await front.person(Role.AUDITOR)
    answers.append(await auditor.get("/api/v1/audit"))
    assert not [answer.request.url for answer in answers if "s3cret" in answer.text]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password": "••••••••"}, "password"),
        ({"url": "rtsp://admin:pw@10.20.0.7/"}, "url"),
        ({"url": "http://10.20.0.7/"}, "url"),
        ({"fingerprint": "zz"}, "fingerprint"),
        ({"transport": "pigeon"}, "transport"),
        ({"pasword": "x"}, "pasword"),
    ],
)
async def test_what_cannot_be_is_named_with_its_field(site, change, field):
    answer = await site.put(f"{PATH}/source", json=SOURCE | change, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert (await site.get(f"{PATH}/source")).json() is None


async def test_a_password_is_not_carried_to_another_host(site):
    given = await site.put(f"{PATH}/source", json=SOURCE, headers={"If-Match": '"1"'})
    moved = {"url": "rtsps://10.20.0.66/live", "user": "admin"}
    answer = await site.put(f"{PATH}/source", json=moved, headers={"If-Match": given.headers["etag"]})
    assert (answer.status_code, answer.json()["field"]) == (422, "password")


async def test_a_change_is_of_the_version_that_was_seen(site):
    without = await site.put(f"{PATH}/source", json=SOURCE)
    stale = await site.put(f"{PATH}/source", json=SOURCE, headers={"If-Match": '"7"'})
    assert (without.status_code, stale.status_code) == (428, 412)
    assert (await site.delete(f"{PATH}/source")).status_code == 428


async def test_who_only_watches_sees_no_address_of_the_network(front, site):
    await site.put(f"{PATH}/source", json=SOURCE, headers={"If-Match": '"1"'})
    supervisor = await front.person(Role.SUPERVISOR)
    assert (await supervisor.get(f"{PATH}/source")).status_code == 403
    assert "10.20.0.7" not in (await supervisor.get(PATH)).text
