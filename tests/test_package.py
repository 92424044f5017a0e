"""What a wheel of the project carries: not only Python."""
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_wheel_carries_schemas_and_the_brokers_files(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())
    schemas = {f"streams/schemas/{path.name}" for path in (ROOT / "schemas").iterdir()}
    assert schemas
    beside = {f"streams/runtime/{name}" for name in ("kafka.lock", "server.properties", "log4j2.properties")}
    assert (schemas | beside | {"streams/py.typed", "streams/streams.toml"}) - carried == set()
    assert [name for name in carried if name.endswith(".dist-info/licenses/LICENSE")], "a licence that pyproject.toml names"
