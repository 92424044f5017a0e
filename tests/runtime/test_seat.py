import subprocess
import sys
from pathlib import Path

from streams.runtime import seat


def test_two_of_a_kind_sit_apart_and_each_finds_its_id_again(tmp_path: Path) -> None:
    first, second = seat.take(tmp_path, "risk"), seat.take(tmp_path, "risk")
    assert (first.folder, second.folder) == (tmp_path / "risk-0", tmp_path / "risk-1")
    assert first.instance_id != second.instance_id
    first.lock.close()
    again = seat.take(tmp_path, "risk")
    assert (again.folder, again.instance_id) == (first.folder, first.instance_id)


def test_another_process_takes_another_seat_until_we_end(tmp_path: Path) -> None:
    ours = seat.take(tmp_path, "risk")
    look = "from pathlib import Path; from streams.runtime import seat; import sys; print(seat.take(Path(sys.argv[1]), 'risk').instance_id)"

    def theirs() -> str:
        return subprocess.run([sys.executable, "-c", look, str(tmp_path)], check=True, capture_output=True, text=True).stdout.strip()

    assert theirs() != ours.instance_id
    ours.lock.close()
    assert theirs() == ours.instance_id
