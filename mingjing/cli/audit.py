"""`mingjing audit …`."""

import typer

from mingjing.cli.options import ConfigOption, DataDirOption, JsonOption
from mingjing.cli.output import print_json, print_line
from mingjing.control import ask
from mingjing.control.requests import AuditReport, AuditVerify
from mingjing.settings import load_settings

audit = typer.Typer(no_args_is_help=True, help="The audit log.")


@audit.callback()
def _noun() -> None:
    """Keeps `verify` a word of its own while it is the only one."""


@audit.command("verify")
def verify_audit(json: JsonOption = False, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """Prove that no entry is missing or altered. Exit status 1 if one is; it is named."""
    report = ask(load_settings(config, data_dir=data_dir), AuditVerify(), AuditReport)
    if json:
        print_json(report)
    elif report.intact:
        print_line(f"Intact: {report.entries} entries.")
    else:
        where = f" ({report.file}, line {report.line})" if report.file else ""
        print_line(
            f"NOT INTACT: entry {report.broken}{where}: {report.reason}. {report.entries} entries before it are true."
        )
    if not report.intact:
        raise typer.Exit(1)
