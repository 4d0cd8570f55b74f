"""What an operator can set: a TOML file, MINGJING_* variables over it, and flags over both.

Every key is explained in deploy/mingjing.example.toml; a test holds the two together. An unknown
key is refused, in the file and in the environment, since a misspelt limit is no limit.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, SettingsError

from gateway.rtsp import PullNetworks
from gateway.webrtc import CANDIDATES_MAX
from storage.heads import HEADS_KEY_FILE
from supervision.cases import Margins
from viewer import IceServer
from viewer.access import PasswordProfile, TrustedProxies

ENVIRONMENT_PREFIX = "MINGJING_"
CONFIG_VARIABLE = "MINGJING_CONFIG"  # the TOML file, where no --config names it
_NESTED = "__"  # MINGJING_HTTP__PORT is http.port
ICE_SERVERS_MAX = 4  # browsers say themselves that more than that slow a connection down


class SettingsInvalidError(Exception):
    """The operator's settings cannot be. The message names every key at fault and what to do."""


Port = Annotated[int, Field(ge=0, le=65_535)]
Percent = Annotated[float, Field(ge=0, le=100)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HttpSettings(_Section):
    host: str = "127.0.0.1"
    port: Port = 8080
    tls_port: Port = 8443
    certificate: Path | None = None
    private_key: Path | None = None
    trusted_proxies: tuple[str, ...] = ()

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        TrustedProxies(networks)
        return networks

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and private_key go together: set both or neither")
        return self


class RtspSettings(_Section):
    host: str = "0.0.0.0"
    port: Port = 8554
    tls_port: Port = 8322
    certificate: Path | None = None  # none here: that of [http]; none there either: no RTSPS
    private_key: Path | None = None
    udp: bool = True
    rtp_port: Port = 8000
    rtcp_port: Port = 8001
    public_host: str = ""  # what devices are told in their URL; empty: the host of the page or command
    pull_networks: tuple[str, ...] = ()  # where fixed cameras may be called; none: nowhere
    pull_ports: tuple[str, ...] = ("554", "322", "8554", "8322")

    @field_validator("pull_networks")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        PullNetworks(networks)
        return networks

    @field_validator("pull_ports")
    @classmethod
    def _are_ports(cls, ports: tuple[str, ...]) -> tuple[str, ...]:
        PullNetworks((), ports)
        return ports

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and private_key go together: set both or neither")
        return self


class IceServerSettings(_Section):
    urls: tuple[str, ...]
    username: str = ""
    credential: str = Field(default="", repr=False)

    @model_validator(mode="after")
    def _is_a_server(self) -> Self:
        if (fault := self.server.fault()) is not None:
            raise ValueError(fault)
        return self

    @property
    def server(self) -> IceServer:
        return IceServer(self.urls, self.username, self.credential)


class WebRtcSettings(_Section):
    host: str = "0.0.0.0"
    port: Port = 8189
    public_addresses: Annotated[tuple[str, ...], Field(max_length=CANDIDATES_MAX)] = ()  # none: those of this machine
    ice_servers: Annotated[tuple[IceServerSettings, ...], Field(max_length=ICE_SERVERS_MAX)] = ()

    @field_validator("public_addresses")
    @classmethod
    def _are_addresses(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for address in addresses:
            try:
                unspecified = ip_address(address).is_unspecified
            except ValueError:
                raise ValueError(f"{address!r} is no IP address: clients are told addresses, not names") from None
            if unspecified:
                raise ValueError(f"{address!r} is no address that a client can reach")
        return addresses


class WorkersSettings(_Section):
    processes: Annotated[int, Field(ge=0, le=64)] = 2  # 0: sound that browsers cannot play stays silent
    thumbnails: Annotated[int, Field(ge=0, le=64)] = 1  # 0: none are made


class ArchiveSettings(_Section):
    segment_minutes: Annotated[float, Field(ge=0.1, le=60)] = 5  # shorter: no key picture may come in time
    ring_days: Annotated[float, Field(ge=1)] = 183
    ring_floor_days: Annotated[float, Field(ge=0)] = 30  # a full disk deletes nothing younger: recording stops instead
    ring_gigabytes: Annotated[float, Field(ge=0)] = 0  # 0: as much as the disk holds above the warning level
    disk_warning_percent: Percent = 15  # free space
    disk_stop_percent: Percent = 3
    sync: Literal["syncfs", "fdatasync"] = "syncfs"
    scrub_megabytes_s: Annotated[float, Field(ge=0, le=2_000)] = 32  # 0: recordings are never hashed again
    scrub_days: Annotated[float, Field(ge=1)] = 30

    @model_validator(mode="after")
    def _warning_before_stop(self) -> Self:
        if self.disk_stop_percent >= self.disk_warning_percent:
            raise ValueError("disk_stop_percent must be below disk_warning_percent, or nobody is warned")
        return self


class ExportsSettings(_Section):
    days: Annotated[float, Field(ge=0.01, le=366)] = 7  # a finished package stays so long


class CasesSettings(_Section):
    footage_hours_before: Annotated[float, Field(ge=0, le=8_784)] = 24  # of its first known time; a year at most
    footage_hours_after: Annotated[float, Field(ge=0, le=8_784)] = 24  # of its last

    @property
    def margins(self) -> Margins:
        return Margins.of_hours(self.footage_hours_before, self.footage_hours_after)


class BackfillSettings(_Section):
    file_gigabytes: Annotated[float, Field(gt=0, le=1_000)] = 16
    total_gigabytes: Annotated[float, Field(ge=0)] = 200  # 0: nobody may send originals


class HeadsSettings(_Section):
    second_copy_dir: Path | None = None


class AccessSettings(_Section):
    password_profile: PasswordProfile = PasswordProfile.ASVS


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate chain and its private key, files in PEM."""

    chain: Path
    private_key: Path


class Settings(_Section):
    """Made directly, it is what was given and the defaults; `load_settings` reads file and environment."""

    data_dir: Path = Path("data")
    node_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")] = "node-1"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    http: HttpSettings = HttpSettings()
    rtsp: RtspSettings = RtspSettings()
    webrtc: WebRtcSettings = WebRtcSettings()
    workers: WorkersSettings = WorkersSettings()
    archive: ArchiveSettings = ArchiveSettings()
    exports: ExportsSettings = ExportsSettings()
    backfill: BackfillSettings = BackfillSettings()
    cases: CasesSettings = CasesSettings()
    heads: HeadsSettings = HeadsSettings()
    access: AccessSettings = AccessSettings()

    @property
    def database_path(self) -> Path:
        return self.data_dir / "mingjing.sqlite3"

    @property
    def database_url(self) -> str:
        return f"sqlite+aiosqlite:///{self.database_path}"

    @property
    def http_certificate(self) -> Certificate | None:
        return _certificate(self.http)

    @property
    def rtsp_certificate(self) -> Certificate | None:
        """Its own, else that of the screens; None: there is no RTSPS."""
        return _certificate(self.rtsp) or self.http_certificate

    @property
    def exports_dir(self) -> Path:
        return self.data_dir / "exports"

    @property
    def ledger_dir(self) -> Path:
        return self.data_dir / "ledger"

    @property
    def heads_dir(self) -> Path:
        return self.data_dir / "heads"

    @property
    def heads_key_path(self) -> Path:
        return self.data_dir / HEADS_KEY_FILE


def _certificate(section: HttpSettings | RtspSettings) -> Certificate | None:
    if section.certificate is None or section.private_key is None:
        return None
    return Certificate(section.certificate, section.private_key)


class _Variables(Settings, BaseSettings):
    """Settings as the environment may name them."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter=_NESTED)


def load_settings(config: Path | None = None, **flags: object) -> Settings:
    """Flags over environment over the TOML file over the defaults; a flag that is None was not given.

    Raises:
        SettingsInvalidError: a file that cannot be read, an unknown key, or a value that cannot be.
    """
    if config is None and CONFIG_VARIABLE in os.environ:
        config = Path(os.environ[CONFIG_VARIABLE])
    written = _read_toml(config) if config is not None else {}
    _refuse_unknown_variables(os.environ)

    try:
        given = _over(written, EnvSettingsSource(_Variables)())
        given = _over(given, {name: value for name, value in flags.items() if value is not None})
        return Settings.model_validate(given)
    except ValidationError as error:
        where = f"{config}: " if config is not None else ""
        raise SettingsInvalidError(where + "; ".join(_sentences(error))) from None
    except SettingsError as error:
        raise SettingsInvalidError(str(error)) from None


def known_keys(section: type[_Section] = Settings, prefix: str = "") -> Iterator[str]:
    """Every key there is, dotted: `data_dir`, `http.port`, …"""
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, _Section):
            yield from known_keys(kind, f"{prefix}{name}.")
        else:
            yield prefix + name


def _over(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    """`below` with what `above` says instead, section by section."""
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        merged[name] = _over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


def _read_toml(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise SettingsInvalidError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalidError(f"{path} is not TOML: {error}") from None


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    """pydantic-settings reads the variables it knows and never sees the others."""
    variables = {ENVIRONMENT_PREFIX + key.replace(".", _NESTED).upper() for key in known_keys()}
    variables |= {ENVIRONMENT_PREFIX + key.split(".")[0].upper() for key in known_keys()} | {CONFIG_VARIABLE}
    for name in sorted(environment):
        if name.upper().startswith(ENVIRONMENT_PREFIX) and name.upper() not in variables:
            raise SettingsInvalidError(f"unknown variable {name}{_meant(name.upper(), variables)}")


def _sentences(error: ValidationError) -> Iterator[str]:
    keys = set(known_keys())
    for fault in error.errors(include_url=False, include_context=False):
        key = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            yield f"unknown key {key}{_meant(key, keys)}"
        else:
            reason = fault["msg"].removeprefix("Value error, ")
            yield f"{key}: {reason}" if fault["type"] == "value_error" else f"{key} = {fault['input']!r}: {reason}"


def _meant(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else "; deploy/mingjing.example.toml explains every key"
