"""The same broker as a container, for those who have Docker: the image apache/kafka with the settings of `server.properties`."""
import subprocess
from pathlib import Path
from string import Template

from streams.errors import BrokerFailed, NotReachable
from streams.runtime import jars
from streams.runtime.broker import answers
from streams.runtime.running import Running, forget, record, recorded

IMAGE = f"apache/kafka:{jars.KAFKA}"
CONTAINER = "quantum-streams-kafka"   # the name of its volume too, which keeps the data
PORT = 9092
DATA = "/var/lib/kafka/data"
REMEDY = "start Docker, or use the embedded broker: `streams kafka up` without --kafka docker"


def start(state_dir: Path) -> Running:
    """Run the container, to outlive us. Raises NotReachable without Docker and BrokerFailed when Kafka does not answer."""
    running = Running(f"127.0.0.1:{PORT}", container=CONTAINER)
    if not is_up():
        variables = [word for name, value in environment().items() for word in ("--env", f"{name}={value}")]
        published = ["--publish", f"127.0.0.1:{PORT}:{PORT}", "--volume", f"{CONTAINER}:{DATA}"]
        _docker("run", "--detach", "--rm", "--name", CONTAINER, *published, *variables, IMAGE)
    record(state_dir, running)
    if not answers(running.bootstrap, is_up):
        raise BrokerFailed(f"the container {CONTAINER} does not answer at {running.bootstrap}", f"docker logs {CONTAINER}")
    return running


def stop(state_dir: Path) -> bool:
    """Whether there was one to stop. Its volume stays."""
    known = recorded(state_dir)
    if known is None or not known.container:
        return False
    was_up = is_up()
    if was_up:
        _docker("stop", CONTAINER)
    forget(state_dir)
    return was_up


def is_up() -> bool:
    return CONTAINER in _docker("ps", "--filter", f"name=^{CONTAINER}$", "--format", "{{.Names}}").split()


def environment(port: int = PORT) -> dict[str, str]:
    """`server.properties` as the image takes it: inside it listens everywhere, outside only loopback is published, at the same port."""
    properties = Template(Path(__file__).with_name("server.properties").read_text()).substitute(port=port, controller_port=port + 1)
    pairs = (line.partition("=") for line in properties.splitlines() if line and not line.startswith("#"))
    settings = {name: value for name, _, value in pairs}
    settings["listeners"] = f"BROKER://0.0.0.0:{port},CONTROLLER://127.0.0.1:{port + 1}"
    settings["log.dirs"] = DATA
    return {"KAFKA_" + name.replace(".", "_").upper(): value for name, value in sorted(settings.items())}


def _docker(*arguments: str) -> str:
    try:
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NotReachable("there is no Docker on this machine", REMEDY) from None
    if done.returncode:
        raise NotReachable(f"docker {arguments[0]}: {done.stderr.strip()}", REMEDY)
    return done.stdout
