"""The registry: units, checkpoints, devices and their keys' verifiers (gateway.registry)."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "units",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("parent", sa.Text, nullable=True),
        sa.Column("created_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_units"),
        sa.ForeignKeyConstraint(["parent"], ["units.id"], name="fk_units_parent"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("latitude", sa.Float, nullable=True),
        sa.Column("longitude", sa.Float, nullable=True),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("created_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_checkpoints"),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name="fk_checkpoints_unit"),
    )
    op.create_index("ix_checkpoints_unit", "checkpoints", ["unit"])
    op.create_table(
        "devices",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("checkpoint", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("last_seen_utc_ns", sa.BigInteger, nullable=True),
        sa.Column("refusal_reason", sa.Text, nullable=True),
        sa.Column("refusal_utc_ns", sa.BigInteger, nullable=True),
        sa.Column("refusal_peer", sa.Text, nullable=True),
        sa.Column("refusal_words", sa.Text, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
        sa.ForeignKeyConstraint(["checkpoint"], ["checkpoints.id"], name="fk_devices_checkpoint"),
    )
    op.create_index("ix_devices_checkpoint", "devices", ["checkpoint"])
    op.create_table(
        "device_credentials",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("ha1_md5", sa.Text, nullable=False),
        sa.Column("ha1_sha256", sa.Text, nullable=False),
        sa.Column("created_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("expires_utc_ns", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_device_credentials"),
        sa.ForeignKeyConstraint(["device"], ["devices.id"], name="fk_device_credentials_device", ondelete="CASCADE"),
    )
    op.create_index("ix_device_credentials_device", "device_credentials", ["device"])
