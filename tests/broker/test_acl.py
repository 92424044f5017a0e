"""A broker that keeps people out: what it does not let us write halts the worker, and nothing is lost until it lets us again.

Its listener knows nobody by name, so the rules are about ANONYMOUS, which everybody is.
"""
import uuid
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from confluent_kafka.admin import AclBinding, AclBindingFilter, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from streams.runtime.broker import EmbeddedBroker
from tests.broker.harness import CLEAN, Log, audit, load
from tests.broker.processes import workers
from tests.broker.worker import Setup

AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
}
Rule = tuple[AclOperation, AclPermissionType]
RULES: tuple[Rule, ...] = (                   # a topic that a rule speaks of is shut to everything else
    (AclOperation.ALL, AclPermissionType.ALLOW),
    (AclOperation.WRITE, AclPermissionType.DENY),
)


class GuardedBroker(EmbeddedBroker):
    """With an authorizer: everything is allowed that no rule speaks of."""

    def _launch(self, command: list[str], home: Path) -> int:
        overrides = [part for name, value in AUTHORIZER.items() for part in ("--override", f"{name}={value}")]
        return super()._launch([*command, *overrides], home)


@pytest.fixture
def guarded(tmp_path: Path, kafka_cache: Path) -> Iterator[Setup]:
    with GuardedBroker(tmp_path / "guarded", kafka_cache) as broker:
        yield Setup(bootstrap=broker.bootstrap, run=uuid.uuid4().hex[:8], state_dir=str(tmp_path), produce_timeout_s=3.0)


@pytest.mark.slow
@pytest.mark.parametrize("shut", ["out", "changelog"])
def test_a_topic_that_may_not_be_written_halts_the_worker_until_it_may(guarded: Setup, shut: str) -> None:
    log = Log(guarded)
    log.make_all()
    topic = log.changelog if shut == "changelog" else guarded.topic(shut)
    with workers(guarded) as start:
        worker = start().until_ready()
        with load(log, a_second=200) as events:
            log.until_answered(more=100, what="the worker at work")
            _settle(log.admin.create_acls([AclBinding(*_on(topic), *rule) for rule in RULES]))
            assert worker.ended() == 1
            assert "TopicAuthorizationFailed" in worker.said()
            assert start().ended() == 1                  # and again, for as long as the rule stands
            _settle(log.admin.delete_acls([AclBindingFilter(*_on(topic), AclOperation.ANY, AclPermissionType.ANY)]))
            worker = start().until_ready()
            log.until_answered(more=100, what="the worker at work again")
        log.until_worked()
        assert worker.stopped() == 0
    found = audit(log, events)
    assert found._replace(doubled=0) == CLEAN
    assert found.doubled < 1_000                         # at most the room of one worker, twice


def _on(topic: str) -> tuple[ResourceType, str, ResourcePatternType, str, str]:
    return ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:ANONYMOUS", "*"


def _settle(answers: dict[AclBinding, Future[None]] | dict[AclBindingFilter, Future[list[AclBinding]]]) -> None:
    for answer in answers.values():
        answer.result()
