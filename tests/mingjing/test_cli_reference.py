"""The reference is complete: every word and option that can be typed is in docs/reference/cli.md."""

from pathlib import Path

import pytest
import typer

from mingjing.cli import app_for

REFERENCE = Path("docs/reference/cli.md").read_text(encoding="utf-8")


def leaves(command, words=("mingjing",)):
    """Every command that does something, with the words that lead to it."""
    below = getattr(command, "commands", None)
    if below is None:
        yield " ".join(words), command
        return
    for name, each in below.items():
        yield from leaves(each, (*words, name))


COMMANDS = dict(leaves(typer.main.get_command(app_for(()))))


def test_the_commands_of_the_interface_are_there():
    assert len(COMMANDS) >= 20
    assert {"mingjing serve", "mingjing device rotate-key", "mingjing backup restore"} <= set(COMMANDS)


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_and_option_is_in_the_reference_and_explained_by_its_help(words):
    command = COMMANDS[words]
    assert words in REFERENCE
    assert command.help
    for option in command.params:
        if option.param_type_name == "option":
            assert [name for name in option.opts if name not in REFERENCE] == []
            assert option.help or words.startswith("mingjing bench "), f"{option.opts} is not explained"
