"""`mingjing user …`."""

from typing import Annotated

import typer

from mingjing.cli.options import ConfigOption, DataDirOption, JsonOption
from mingjing.cli.output import print_facts, print_json, print_line, print_table
from mingjing.cli.passwords import PasswordStdinOption, read_password
from mingjing.control import ask
from mingjing.control.requests import UserAdd, UserAdded, UserDisable, UserItem, UserItems, UserList
from mingjing.settings import load_settings
from viewer.access import Role

users = typer.Typer(no_args_is_help=True, help="People's accounts.")


@users.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="a-z, 0-9, dot, - and _.")],
    role: Annotated[Role, typer.Option(help="One account has one role.")],
    unit: Annotated[str | None, typer.Option(metavar="ID", help="The unit it is limited to.")] = None,
    password_stdin: PasswordStdinOption = False,
    json: JsonOption = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Make an account. Without --password-stdin its one-time password is printed this once."""
    password = read_password() if password_stdin else None
    request = UserAdd(name=name, role=role, unit=unit, password=password)
    made = ask(load_settings(config, data_dir=data_dir), request, UserAdded)
    if json:
        print_json(made, without=() if made.password is not None else ("password",))
    elif made.password is None:
        print_line(f"Account {made.name} with the role {made.role} is there.")
    else:
        print_facts(f"Account {made.name} with the role {made.role} is there.", {"one-time password": made.password})
        print_line("It is shown this once, and must be changed at the first login.")


@users.command("disable")
def disable_user(
    name: Annotated[str, typer.Argument()],
    json: JsonOption = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Log a person out, and let them in no more."""
    changed = ask(load_settings(config, data_dir=data_dir), UserDisable(name=name), UserItem)
    print_json(changed) if json else print_line(f"Account {changed.name} is disabled.")


@users.command("list")
def list_users(json: JsonOption = False, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """All accounts."""
    found = ask(load_settings(config, data_dir=data_dir), UserList(), UserItems)
    if json:
        print_json(found)
        return
    rows = [
        (user.name, user.role.value, user.unit, "enabled" if user.enabled else "disabled", user.last_login or "never")
        for user in found.items
    ]
    columns = ("NAME", "ROLE", "UNIT", "STATE", "LAST LOGIN")
    print_table(columns, rows, empty="No accounts yet. `mingjing serve` makes the first three.")
