"""What an operator can set: a TOML file, MINGJING_* variables over it, and flags over both.

Every key is explained in deploy/mingjing.example.toml; a test holds the two together. An unknown
key is refused, since a misspelt limit is no limit.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from viewer.access import PasswordProfile


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HttpSettings(_Section):
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65_535)
    tls_port: int = Field(8443, ge=0, le=65_535)
    certificate: Path | None = None
    private_key: Path | None = None
    trusted_proxies: tuple[str, ...] = ()


class RtspSettings(_Section):
    host: str = "0.0.0.0"
    port: int = Field(8554, ge=0, le=65_535)
    udp: bool = True
    rtp_port: int = Field(8000, ge=0, le=65_535)
    rtcp_port: int = Field(8001, ge=0, le=65_535)
    public_host: str = ""  # what devices are told in their URL; empty: the host of the page or command


class ArchiveSettings(_Section):
    segment_minutes: float = Field(5, gt=0, le=60)
    ring_days: float = Field(183, ge=1)
    ring_gigabytes: float = Field(0, ge=0)  # 0: as much as the disk holds above the stop level
    disk_warning_percent: float = Field(15, ge=0, le=100)  # free space
    disk_stop_percent: float = Field(3, ge=0, le=100)
    sync: str = Field("syncfs", pattern="^(syncfs|fdatasync)$")


class AccessSettings(_Section):
    password_profile: PasswordProfile = PasswordProfile.ASVS


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="MINGJING_", env_nested_delimiter="__", extra="forbid", frozen=True)

    data_dir: Path = Path("data")
    node_id: str = Field("node-1", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$")
    http: HttpSettings = HttpSettings()
    rtsp: RtspSettings = RtspSettings()
    archive: ArchiveSettings = ArchiveSettings()
    access: AccessSettings = AccessSettings()

    @property
    def database_url(self) -> str:
        return f"sqlite+aiosqlite:///{self.data_dir / 'mingjing.sqlite3'}"
