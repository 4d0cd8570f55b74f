"""The rows of people, their sessions, and owed ledger entries. A session's token is never stored, only its SHA-256."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from storage.database import metadata

users = Table(
    "users",
    metadata,
    Column("name", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("unit", String),  # null: every unit
    Column("password_hash", String, nullable=False),
    Column("must_change_password", Boolean, nullable=False),
    Column("password_changed_utc_ns", BigInteger, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_utc_ns", BigInteger, nullable=False),
    Column("last_login_utc_ns", BigInteger),
    Column("version", Integer, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String, primary_key=True),
    Column("token_sha256", LargeBinary, nullable=False, unique=True),
    Column("user", String, ForeignKey("users.name"), nullable=False),
    Column("created_utc_ns", BigInteger, nullable=False),
    Column("last_used_utc_ns", BigInteger, nullable=False),
    Column("peer", String, nullable=False),
    Column("agent", String, nullable=False),
    Index("ix_sessions_user", "user"),
)

stream_passwords = Table(
    "stream_passwords",
    metadata,
    Column("id", String, primary_key=True),
    Column("user", String, ForeignKey("users.name"), nullable=False),
    Column("label", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("ha1_md5", String, nullable=False),  # verifiers, worth as much as the password over RTSP, and nowhere else
    Column("ha1_sha256", String, nullable=False),
    Column("created_utc_ns", BigInteger, nullable=False),
    Column("expires_utc_ns", BigInteger, nullable=False),
    Column("last_used_utc_ns", BigInteger),  # null: never
    Index("ix_stream_passwords_user", "user"),
)

owed_entries = Table(
    "owed_entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("utc_ns", BigInteger, nullable=False),  # when it happened
    Column("principal", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", String, nullable=False),  # JSON
)
