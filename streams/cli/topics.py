"""`streams topics`: the topics of the code on a broker."""
import typer

from streams.cli.common import JSON, configured, tell
from streams.wire import admin

app = typer.Typer(no_args_is_help=True, help="The topics of the pipeline on the broker: apply, check. Nothing deletes.")


@app.command()
def apply(json: JSON = False) -> None:
    """Make the topics that are missing, with their partitions, keeping and replication."""
    made = admin.apply(configured().bootstrap)
    tell({"made": made}, "\n".join(f"made {name}" for name in made) or "every topic was there", json=json)


@app.command()
def check(json: JSON = False) -> None:
    """Compare the broker's topics with the code; ends with 1 and the mending command where they differ."""
    faults = admin.check(configured().bootstrap)
    tell(faults, "\n".join(f"{fault.topic} {fault.what}: {fault.remedy}" for fault in faults) or "every topic is as it should be", json=json)
    if faults:
        raise typer.Exit(1)
