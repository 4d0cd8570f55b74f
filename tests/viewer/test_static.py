"""The built web app as it is served."""

import pytest

from tests.viewer.conftest import open_front


@pytest.fixture
async def client(tmp_path):
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<title>Mingjing</title>")
    (dist / "assets" / "app-5f3a.js").write_text("export {}")
    (dist / "favicon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    async with open_front(tmp_path, web_dist=dist) as front:
        yield front.client()


@pytest.mark.parametrize("path", ["/", "/index.html", "/live", "/devices/register", "/login?to=%2Flive"])
async def test_every_page_of_the_app_is_index_html_asked_for_anew_each_time(client, path):
    answer = await client.get(path)
    assert (answer.status_code, answer.text) == (200, "<title>Mingjing</title>")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"].startswith("text/html")


async def test_files_with_their_digest_in_the_name_are_kept_for_ever(client):
    answer = await client.get("/assets/app-5f3a.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    assert (await client.get("/favicon.svg")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/assets/app-0000.js", "/api/v2/devices", "/api", "/ws/none", "/whip", "/whip/a/b/c"])
async def test_what_is_not_there_is_a_problem_and_not_the_app(client, path):
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:mingjing:problem:not-found")


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets/..%2f..%2fsecret.txt", "/%00"]
)
async def test_no_name_leads_out_of_the_folder(client, path):
    assert "secret" not in (await client.get(path)).text.replace("secret.txt", "")


async def test_without_a_build_the_server_says_what_to_do(tmp_path):
    (tmp_path / "empty").mkdir()
    async with open_front(tmp_path, web_dist=tmp_path / "empty") as front:
        answer = await front.client().get("/")
        assert answer.status_code == 404
        assert "make setup" in answer.json()["fix"]
