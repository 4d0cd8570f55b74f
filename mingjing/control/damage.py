"""What an operator is told whose command met a damaged page of the database."""

from sqlalchemy.exc import DatabaseError

from mingjing.control.requests import CommandError
from storage.database import DatabaseDamagedError, is_damage

FIX = "Start the server anew, or give the command again while none runs: the database is mended then."


def told_of_damage(error: DatabaseDamagedError | DatabaseError) -> CommandError:
    """The command's error. One that is of another kind is raised as it is."""
    if isinstance(error, DatabaseDamagedError):
        return CommandError(f"The database is damaged: {error}.", fix=FIX)
    if not is_damage(error):
        raise error
    return CommandError(f"The database is damaged: {error.orig}.", fix=FIX)
