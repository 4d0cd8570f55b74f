"""Cases (supervision.cases)."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("case_no", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("procedure", sa.Text, nullable=False),
        sa.Column("officers", sa.Text, nullable=False),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("stages", sa.Text, nullable=False),
        sa.Column("external_system", sa.Text, nullable=True),
        sa.Column("external_id", sa.Text, nullable=True),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("begun_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("created_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("import_digest", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("unit", "case_no", name="uq_cases_unit_case_no"),
        sa.UniqueConstraint("external_system", "external_id", name="uq_cases_external_system_external_id"),
    )
    op.create_index("ix_cases_begun_utc_ns_id", "cases", ["begun_utc_ns", "id"])
