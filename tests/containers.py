"""The broker of the compose file for a test session, by testcontainers: the same image, the same settings, a free port, gone with the session."""
import contextlib
import shutil
import socket
import subprocess
from collections.abc import Iterator

import pytest
from testcontainers.core.container import DockerContainer

from streams.runtime import docker
from streams.runtime.broker import answers


@contextlib.contextmanager
def kafka() -> Iterator[str]:
    """Its bootstrap address. Skips where no Docker daemon answers."""
    if not docker_answers():
        pytest.skip("--kafka docker: no Docker daemon answers here")
    port = _free_port()
    container = DockerContainer(docker.IMAGE).with_envs(**docker.environment(port))
    container.ports[f"{port}/tcp"] = ("127.0.0.1", port)  # type: ignore[assignment]  # the Docker library takes an address too
    container.start()
    try:
        bootstrap = f"127.0.0.1:{port}"
        assert answers(bootstrap, lambda: True), f"the container does not answer at {bootstrap}"
        yield bootstrap
    finally:
        container.stop()


def docker_answers() -> bool:
    return shutil.which("docker") is not None and not subprocess.run(["docker", "version"], capture_output=True, check=False).returncode


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
