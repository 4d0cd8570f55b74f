import os
import tomllib
from pathlib import Path

import pytest

from mingjing.settings import Settings, SettingsInvalidError, known_keys, load_settings

EXAMPLE = Path("deploy/mingjing.example.toml")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in [name for name in os.environ if name.startswith("MINGJING_")]:
        monkeypatch.delenv(name)


def written(folder, text):
    path = folder / "mingjing.toml"
    path.write_text(text, encoding="utf-8")
    return path


def flat(table, prefix=""):
    for name, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def test_the_example_explains_every_key_there_is_and_shows_its_default():
    text = EXAMPLE.read_text(encoding="utf-8")
    uncommented = text.replace("# certificate =", "certificate =").replace("# private_key =", "private_key =")
    uncommented = uncommented.replace("# second_copy_dir =", "second_copy_dir =")
    shown = dict(flat(tomllib.loads(uncommented)))
    assert set(shown) == set(known_keys())
    assert load_settings(EXAMPLE) == Settings()
    lines = text.splitlines()
    for key in known_keys():
        name = key.rpartition(".")[2]
        places = [n for n, line in enumerate(lines) if line.removeprefix("# ").startswith(f"{name} =")]
        assert places
        for at in places:
            assert lines[at - 1].startswith("# ") or " = " in lines[at - 1], f"{key} is not explained"


def test_file_then_environment_then_flags_each_over_the_one_before(tmp_path, monkeypatch):
    path = written(tmp_path, 'node_id = "file"\nlog_level = "error"\n[http]\nport = 1\nhost = "::1"\ntls_port = 5\n')
    monkeypatch.setenv("MINGJING_HTTP__PORT", "2")
    monkeypatch.setenv("MINGJING_NODE_ID", "environment")
    monkeypatch.setenv("MINGJING_DATA_DIR", "/environment")
    settings = load_settings(path, data_dir=Path("/flag"), log_level=None)
    assert settings.http.port == 2
    assert settings.http.host == "::1"
    assert settings.http.tls_port == 5
    assert settings.node_id == "environment"
    assert settings.log_level == "error"
    assert settings.data_dir == Path("/flag")


def test_the_file_can_be_named_by_a_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("MINGJING_CONFIG", str(written(tmp_path, 'node_id = "x"')))
    assert load_settings().node_id == "x"


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ("[http]\nprot = 1", "http.prot", "http.port"),
        ("data_dri = 'x'", "data_dri", "data_dir"),
        ("[archive]\nring_day = 1", "archive.ring_day", "archive.ring_days"),
        ("[nonsense]\nx = 1", "nonsense", "example"),
    ],
)
def test_an_unknown_key_is_refused_by_name_with_the_one_that_was_meant(tmp_path, text, key, hint):
    with pytest.raises(SettingsInvalidError) as refused:
        load_settings(written(tmp_path, text))
    assert f"unknown key {key}" in str(refused.value)
    assert hint in str(refused.value)


def test_an_unknown_variable_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("MINGJING_HTTP__PROT", "1")
    with pytest.raises(
        SettingsInvalidError, match="unknown variable MINGJING_HTTP__PROT; did you mean MINGJING_HTTP__PORT"
    ):
        load_settings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[http]\nport = 70000", "http.port = 70000"),
        ("[http]\nport = 'x'", "http.port = 'x'"),
        ("[http]\ncertificate = 'x'", "certificate and private_key go together"),
        ("[http]\ntrusted_proxies = ['10.0.0.1/8']", "http.trusted_proxies"),
        ("[webrtc]\npublic_addresses = ['video.example.org']", "webrtc.public_addresses: 'video.example.org' is no IP"),
        ("[webrtc]\npublic_addresses = ['0.0.0.0']", "no address that a client can reach"),
        ("[webrtc]\nice_servers = [{}]", "webrtc.ice_servers.0.urls"),
        ("[webrtc]\nice_servers = [{ urls = [] }]", "webrtc.ice_servers.0: urls is empty"),
        ("[webrtc]\nice_servers = [{ url = 'stun:a' }]", "unknown key webrtc.ice_servers.0.url"),
        ("[webrtc]\nice_servers = [{ urls = ['https://a'] }]", "webrtc.ice_servers.0: urls: 'https://a' is not stun:"),
        ("[webrtc]\nice_servers = [{ urls = ['turn:a'] }]", "webrtc.ice_servers.0: a TURN server lets in nobody"),
        ("[webrtc]\nice_servers = [{ urls = ['stun:a'], username = 'u' }]", "username and credential go together"),
        (
            "[webrtc]\nice_servers = [{urls = ['turn:a'], username = 'u', credential = '密码'}]",
            "credential has letters",
        ),
        ("[archive]\ndisk_stop_percent = 20", "below disk_warning_percent"),
        ("[archive]\nsync = 'never'", "archive.sync = 'never'"),
        ("[archive]\nring_days = 0", "archive.ring_days = 0"),
        ("node_id = 'a b'", "node_id = 'a b'"),
        ("http = 3", "http = 3"),
        ("[http", "is not TOML"),
        ("[access]\npassword_profile = 'none'", "access.password_profile = 'none'"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_key(tmp_path, text, said):
    with pytest.raises(SettingsInvalidError) as refused:
        load_settings(written(tmp_path, text))
    assert said in str(refused.value)


def test_the_credential_of_a_turn_server_is_not_shown(tmp_path):
    server = "urls = ['turn:a?transport=tcp', 'turns:[2001:db8::1]:443'], username = 'u', credential = 'hidden-one'"
    settings = load_settings(written(tmp_path, f"[webrtc]\nice_servers = [{{ {server} }}]"))
    assert settings.webrtc.ice_servers[0].server.credential == "hidden-one"
    assert "hidden-one" not in f"{settings!r}{settings.webrtc.ice_servers[0].server!r}"


def test_every_fault_of_a_file_is_told_at_once(tmp_path):
    with pytest.raises(SettingsInvalidError) as refused:
        load_settings(written(tmp_path, "x = 1\n[http]\nport = -1\n"))
    assert "unknown key x" in str(refused.value)
    assert "http.port" in str(refused.value)


def test_a_variable_that_is_no_json_where_a_list_is_wanted_is_refused(monkeypatch):
    monkeypatch.setenv("MINGJING_HTTP__TRUSTED_PROXIES", "10.0.0.0/8")
    with pytest.raises(SettingsInvalidError, match="http"):
        load_settings()


def test_a_file_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(SettingsInvalidError, match=r"none\.toml cannot be read: No such file"):
        load_settings(tmp_path / "none.toml")


def test_settings_cannot_be_changed_while_they_are_used():
    with pytest.raises(ValueError, match="frozen"):
        Settings().node_id = "other"
