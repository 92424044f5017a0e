"""What holds without a `streams.toml`: figures that people's money goes by are not changed in passing."""
import msgspec
import pytest

from streams.core.settings import Policy, Settings, Trail, hash_of, text_of
from streams.core.values import decimal, percent

POLICIES = {
    # stop, target in R, break even in R, trail, its start in R, deadline
    "default":      ("2 %", "1.5 R", "0 R", "0.8 %", "1 R", 0),
    "scalper":      ("0.6 %", "1.2 R", "0 R", "0.3 %", "0.6 R", 900_000),
    "swing":        ("2.5 %", "2.5 R", "1 R", "1.5 %", "1.5 R", 0),
    "trend_runner": ("2 %", "0 R", "1 R", "1.2 %", "1 R", 0),
}


def told(policy: Policy) -> tuple[str, str, str, str, str, int]:
    trail = policy.trail
    return (
        percent(policy.stop_ppm), in_r(policy.target_r_ppm), in_r(policy.break_even_r_ppm), percent(trail.distance_ppm), in_r(trail.activation_r_ppm),
        policy.time_max_ms,
    )


def in_r(part_ppm: int) -> str:
    return f"{decimal(part_ppm * 100)} R"


def test_the_policies_that_come_with_it() -> None:
    assert {name: told(policy) for name, policy in Settings().policies.items()} == POLICIES
    rest = {msgspec.structs.replace(policy, stop_ppm=0, target_r_ppm=0, break_even_r_ppm=0, trail=Trail(), time_max_ms=0)
            for policy in Settings().policies.values()}
    assert rest == {Policy(stop_ppm=0, target_r_ppm=0)}            # everything else is as in any policy


@pytest.mark.parametrize(("name", "regime", "chosen"), [
    ("", "", "default"), ("swing", "", "swing"), ("swing", "calm", "swing"), ("", "calm", "scalper"), ("", "wild", "default"),
])
def test_a_policy_by_name_by_regime_or_the_default(name: str, regime: str, chosen: str) -> None:
    settings = Settings(regimes={"calm": "scalper"})
    assert settings.policy(name, regime) == settings.policies[chosen]


def test_equal_settings_have_equal_bytes() -> None:
    one, other = Settings(regimes={"a": "swing", "b": "scalper"}), Settings(regimes={"b": "scalper", "a": "swing"})
    assert text_of(one) == text_of(other)
    assert msgspec.json.decode(text_of(one), type=Settings) == one
    assert hash_of(one) == hash_of(other) != hash_of(Settings())
    assert [len(hash_of(one)), set(hash_of(one)) <= set("0123456789abcdef")] == [16, True]
