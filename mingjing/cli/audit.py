"""`mingjing audit …`."""

from itertools import pairwise
from typing import Annotated

import typer

from mingjing.cli.options import ConfigOption, DataDirOption, JsonOption
from mingjing.cli.output import print_error, print_json, print_line
from mingjing.control import ask
from mingjing.control.requests import AuditKey, AuditReport, AuditRotateKey, AuditVerify, HeadKey
from mingjing.settings import load_settings
from storage.heads import NoSuchHead, contradiction, read_head

audit = typer.Typer(no_args_is_help=True, help="The audit log.")


@audit.command("verify")
def verify_audit(
    full: Annotated[bool, typer.Option("--full", help="Also what was proven before, from the first head on.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Prove that no entry and no signed head is missing or altered. Exit status 1 if one is; it is named."""
    report = ask(load_settings(config, data_dir=data_dir), AuditVerify(full=full), AuditReport)
    if json:
        print_json(report)
    else:
        _print(report)
    if not report.intact:
        raise typer.Exit(1)


@audit.command("key")
def show_key(json: JsonOption = False, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """Show the public key that checks signed heads and bundles, and those before it. Keep them in a place that is not
    this machine."""
    key = ask(load_settings(config, data_dir=data_dir), AuditKey(), HeadKey)
    if json:
        print_json(key)
    else:
        print_line(f"{key.key}\n{key.pem.rstrip()}")
        for use, after in pairwise(key.history):
            print_line(f"{use.key} until head {after.from_head}  # from head {use.from_head} on")


@audit.command("rotate-key")
def rotate_key(
    lost: Annotated[
        bool, typer.Option("--lost", help="The present key is lost: nobody vouches for the new one.")
    ] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Sign heads with a new key from now on. The present one signs the first of them as well, and is destroyed."""
    key = ask(load_settings(config, data_dir=data_dir), AuditRotateKey(lost=lost), HeadKey)
    if json:
        print_json(key)
    else:
        print_line(f"From head {key.head} on: {key.key}\n{key.pem.rstrip()}")


@audit.command("consistency")
def check_consistency(
    one: Annotated[str, typer.Argument(help="A head's number, or a file with heads: its last one counts.")],
    other: Annotated[str, typer.Argument(help="Another.")],
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Show that the later of two heads has all that the earlier one had. Exit status 1 if not, 2 if one is no head."""
    folder = load_settings(config, data_dir=data_dir).heads_dir
    try:
        heads = read_head(folder, one), read_head(folder, other)
    except NoSuchHead as error:
        print_error(f"{error}.", "Name a head of this store by its number, or a file of a second copy.")
        raise typer.Exit(2) from None
    why = contradiction(folder, *heads)
    for head in heads:
        print_line(
            f"head {head.number} of {head.node}, {head.at}: {head.size} leaves, root {head.root.hex()}, {head.key}"
        )
    if why is not None:
        print_line(f"NOT CONSISTENT: {why}.")
        raise typer.Exit(1)
    print_line("Consistent: the later one begins with the earlier.")


def _print(report: AuditReport) -> None:
    if report.intact:
        print_line(f"Intact: {report.entries} entries.")
        print_line(
            f"{report.heads} signed heads over {report.leaves} leaves agree; "
            f"{report.gone} of the leaves name footage that was deleted since."
        )
    if report.from_head:
        print_line(
            f"Heads up to {report.from_head} were proven before and not looked at again: "
            "what was changed since in what they speak for is found by --full."
        )
    if report.broken is not None:
        where = f" ({report.file}, line {report.line})" if report.file else ""
        print_line(
            f"NOT INTACT: entry {report.broken}{where}: {report.reason}. {report.entries} entries before it are true."
        )
    if (broken := report.broken_head) is not None:
        what = f"head {broken.head}" if broken.head else "the second copy"
        what += "" if broken.leaf is None else f", leaf {broken.leaf}"
        what += f", {broken.subject}" if broken.subject else ""
        place = f" ({broken.file}{f', line {broken.line}' if broken.line else ''})" if broken.file else ""
        print_line(f"NOT INTACT: {what}{place}: {broken.reason}. {report.heads} heads before it are true.")
    for use in report.keys:
        words = (
            "vouched for by the key before" if use.vouched else "vouched for by nobody: compare it with what you know"
        )
        print_line(f"from head {use.from_head} on {use.key}: {words}")
    if report.copy_unread:
        print_line(f"The second copy of the heads was not compared: {report.copy_unread}.")
    if not report.second_copy:
        print_line("There is no second copy of the heads ([heads] second_copy_dir).")
