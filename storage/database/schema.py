"""The one metadata on which every room's `tables.py` registers its tables.

Constraints are named by rule, not by the database, so that a later migration can name what it
drops.
"""

from sqlalchemy import MetaData

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=_NAMING)
