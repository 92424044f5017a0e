"""The environment and `streams.toml`, as read by every command."""
import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from streams import limits_file
from streams.core.settings import Group, Patience, Rung, Settings, Tighten
from streams.errors import NotReachable, Refused, StreamsError, WrongUse
from streams.runtime.running import Running, record
from streams.settings import Environment, load

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No variable of ours, and an empty working directory."""
    for name in (*(f"STREAMS_{field.upper()}" for field in Environment.model_fields), "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_anything_it_is_paper_on_this_machine() -> None:
    environment = load()
    assert (environment.venue, environment.account, environment.symbols, environment.state_dir) == ("paper", "main", (), Path(".streams"))
    assert environment.decisions == Settings()
    assert environment.cache_dir == Path.home() / ".cache" / "quantum-streams"


def test_the_environment_wins_over_the_env_file_and_empty_counts_as_unset(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / ".env").write_text("STREAMS_ACCOUNT=file\nSTREAMS_SYMBOLS=btcusdt, ethusdt\nSTREAMS_METRICS_PORT=9100\nOTHER=1\n")
    monkeypatch.setenv("STREAMS_ACCOUNT", "shell")
    monkeypatch.setenv("STREAMS_METRICS_PORT", "")
    environment = load()
    assert (environment.account, environment.symbols, environment.metrics_port) == ("shell", ("BTCUSDT", "ETHUSDT"), 9100)
    assert environment.decisions == Settings(default_account="shell", accounts=("shell",), symbols=("BTCUSDT", "ETHUSDT"))


def test_secrets_come_from_files_and_show_nowhere(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / "secret").write_text("s3cr3t\n")
    monkeypatch.setenv("STREAMS_BINANCE_API_SECRET_FILE", str(bare / "secret"))
    environment = load()
    assert environment.binance_api_secret == SecretStr("s3cr3t")
    assert "s3cr3t" not in repr(environment)

    monkeypatch.setenv("STREAMS_BINANCE_API_SECRET", "0ther")
    with pytest.raises(WrongUse, match="are both set") as twice:
        load()
    assert "0ther" not in str(twice.value)


def test_every_wrong_variable_is_named_and_no_value_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMS_VENUE", "lvie")
    monkeypatch.setenv("STREAMS_METRICS_PORT", "70000")
    with pytest.raises(WrongUse) as wrong:
        load()
    assert str(wrong.value) == (
        "STREAMS_VENUE: Input should be 'paper', 'testnet', 'live' or 'custom'; "
        "STREAMS_METRICS_PORT: Input should be less than or equal to 65535; see .env.example"
    )


def test_a_misspelt_variable_is_named_with_the_nearest_and_without_its_value(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / ".env").write_text("STREAMS_ACOUNT=s3cr3t\nSTREAMS_SYMBOLS=BTCUSDT\nOTHER=1\n")
    monkeypatch.setenv("STREAMS_VNUE", "live")
    monkeypatch.setenv("STREAMS_QQQ", "1")
    assert load().unknown == (
        "STREAMS_ACOUNT means nothing: did you mean STREAMS_ACCOUNT?", "STREAMS_QQQ means nothing",
        "STREAMS_VNUE means nothing: did you mean STREAMS_VENUE?",
    )


def test_the_broker_is_the_environments_or_the_one_started_here(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotReachable, match="streams kafka up"):
        _ = load().bootstrap
    record(bare / ".streams", Running("127.0.0.1:20001"))
    assert load().bootstrap == "127.0.0.1:20001"
    monkeypatch.setenv("STREAMS_KAFKA_BOOTSTRAP", "kafka.example:9092")
    assert load().bootstrap == "kafka.example:9092"


@pytest.mark.parametrize(("variables", "kind", "what"), [
    ({"VENUE": "live"}, Refused, "STREAMS_VENUE=live trades real money"),
    ({"VENUE": "live", "LIVE_ACK": "yes"}, Refused, "STREAMS_VENUE=live trades real money"),
    ({"VENUE": "live", "LIVE_ACK": "I-UNDERSTAND", "BINANCE_API_KEY": "k"}, WrongUse, "STREAMS_VENUE=live needs STREAMS_BINANCE_API_SECRET"),
    ({"VENUE": "custom"}, WrongUse, "STREAMS_VENUE=custom needs STREAMS_BINANCE_REST_URL and STREAMS_BINANCE_WS_URL"),
])
def test_a_venue_is_refused_until_all_it_needs_is_set(
    variables: dict[str, str], kind: type[StreamsError], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"STREAMS_{name}", value)
    with pytest.raises(kind) as refused:
        load().require_venue()
    assert refused.value.what == what


def test_a_command_means_one_account_or_all(bare: Path) -> None:
    (bare / "streams.toml").write_text('accounts = ["main", "second"]')
    environment = load()
    assert (environment.accounts(), environment.accounts("second"), environment.accounts("all")) == (("main",), ("second",), ("main", "second"))


def test_the_file_that_comes_with_the_project_says_the_defaults_and_leaves_out_nothing() -> None:
    path = ROOT / "streams.toml"
    assert limits_file.read(path, Settings()) == Settings()
    text = path.read_text()
    settings = Settings()
    structs = [settings, settings.limits, settings.ages, settings.breaker, settings.policies["default"], settings.policies["default"].trail]
    keys = [limits_file.key_of(field) for struct in structs for field in struct.__struct_fields__]
    said = re.compile(r"^(?:# )?(\w+) = |^\[(?:policies\.default\.)?(\w+)[.\]]", re.MULTILINE)
    assert {key for pair in said.findall(text) for key in pair if key} >= set(keys)


def test_the_example_explains_every_variable() -> None:
    named = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named == {"XDG_CACHE_HOME" if field == "cache_home" else f"STREAMS_{field.upper()}" for field in Environment.model_fields}


@pytest.mark.parametrize(("written", "expected"), [
    ("limits.risk = 0.1", ("limits.risk_ppm", 100_000)),
    ('limits.risk = "0.1"', ("limits.risk_ppm", 100_000)),
    ("limits.notional_max = 1234.56789012", ("limits.notional_max", 123_456_789_012)),
    ("limits.positions_max = 3", ("limits.positions_max", 3)),
    ("ages.intent_max = 1500", ("ages.intent_max", 1_500)),
    ('ages.intent_max = "2min"', ("ages.intent_max", 120_000)),
    ("adopt = true", ("adopt", True)),
    ('limits.sizing = "fixed"', ("limits.sizing", "fixed")),
    ("limits.size_fixed = 250.5", ("limits.size_fixed", 25_050_000_000)),
    ('limits.loss_cool_down = "15min"', ("limits.loss_cool_down", 900_000)),
    ('groups.majors = { symbols = ["BTCUSDT"], exposure_max = 1.5 }', ("groups", {"majors": Group(("BTCUSDT",), 1_500_000)})),
])
def test_numbers_are_exact(written: str, expected: tuple[str, object], bare: Path) -> None:
    (bare / "streams.toml").write_text(written)
    path, value = expected
    found: object = load().decisions
    for field in path.split("."):
        found = getattr(found, field)
    assert found == value


@pytest.mark.parametrize(("written", "fault"), [
    ("limits.rsk = 0.1", "limits.rsk is not known: did you mean risk?"),
    ("limit.risk = 0.1", "limit is not known: did you mean limits?"),
    ("limits.risk = 0.0000001", "limits.risk: 1E-7 is finer than one part in 1000000"),
    ('limits.risk = "much"', "limits.risk: 'much' is not a finite decimal number"),
    ("limits.risk = nan", "limits.risk: 'NaN' is not a finite decimal number"),
    ("limits.risk = -0.1", "limits.risk: it may not be negative"),
    ("limits.risk = true", "limits.risk: True is not a number"),
    ("limits.positions_max = 3.5", "limits.positions_max: 3.5 is not a whole number"),
    ('ages.intent_max = "1 week"', "ages.intent_max: '1 week' is no duration: milliseconds, or 500ms, 60s, 15min, 24h, 1d"),
    ('limits.sizing = "all in"', "limits.sizing: all in is none of risk, equity, fixed"),
    ("limits.confidence_weight = 1.5", "limits.confidence_weight is above 1"),
    ("limits.risk = 1.1", "limits.risk is above 1, which is all of the equity"),
    ("limits.margin_use_max = 80", "limits.margin_use_max is above 1, which is all of the equity"),
    ('groups.majors = { symbls = ["BTCUSDT"] }', "groups.majors.symbls is not known: did you mean symbols?"),
    ("groups.majors = { exposure_max = 1 }", "groups.majors: it needs symbols and exposure_max"),
    ('groups.majors = { symbols = ["BTCUSDT"] }', "groups.majors: it needs symbols and exposure_max"),
    ('groups.majors = { symbols = ["btcusdt"], exposure_max = 1 }', "groups.majors.symbols: as the venue writes them, BTCUSDT"),
    ('symbols = ["btcusdt"]', "symbols: as the venue writes them, BTCUSDT"),
    ("limits.risk = 0", "limits.risk: with 0 nothing is traded; `streams halt` stops entries"),
    ("limits.notional_max = 0", "limits.notional_max: with 0 nothing is traded; `streams halt` stops entries"),
    ("limits.positions_max = 0", "limits.positions_max: with 0 nothing is traded; `streams halt` stops entries"),
    ("ages.command_max = 0", "ages.command_max: with 0 nothing is traded; `streams halt` stops entries"),
    ("ages.mark_max = 5", 'ages.mark_max: 5 is 5 ms: write "5ms" if that is meant, else "5s"'),
    ("policies.Mine.stop = 0.01", "policies.Mine: in small letters, as the mode of an intent is read"),
    ('accounts = ["main", "all"]', "accounts: all means every account, and is the name of none"),
    ('opposite = "hedge"', "opposite: hedge is none of close, flip, ignore"),
    ("policies.scalper.stp = 0.1", "policies.scalper.stp is not known: did you mean stop?"),
    ("policies.scalper = 3", "policies: 3 is not a table"),
    ("policies.scalper.stop = 0.001", "policies.scalper: stop is not within stop_distance_min and stop_distance_max, below 1"),
    ('regimes.trending = "trend_runer"', "regimes.trending: trend_runer is not known: did you mean trend_runner?"),
    ("policies.scalper.targets = [{ r = 1, prt = 0.5 }]", "policies.scalper.targets[0].prt is not known: did you mean part?"),
    ("policies.scalper.targets = [{ r = 1, part = 0.6 }, { r = 2, part = 0.5 }]", "policies.scalper.targets: the parts are more than 1"),
    ("policies.scalper.targets = [{ part = 0.6 }]", "policies.scalper.targets: each needs a part, and r or distance"),
    ("policies.scalper = { targets = [{ r = 1, part = 0.5 }], break_even_rung = 2 }", "policies.scalper.break_even_rung is more than its targets"),
    ("policies.scalper.tighten = [{ r = 2 }]", "policies.scalper.tighten: each needs a distance_r"),
    ("limits.drawdown_halt = 0.05", "limits.drawdown_reducing is above limits.drawdown_halt"),
    ('accounts = ["second"]', "default_account main is not one of accounts"),
])
def test_each_fault_of_the_file_is_named(written: str, fault: str, bare: Path) -> None:
    (bare / "streams.toml").write_text(written)
    with pytest.raises(WrongUse) as wrong:
        _ = load().decisions
    assert wrong.value.what == f"streams.toml: {fault}"


def test_a_new_policy_starts_from_the_files_default(bare: Path) -> None:
    (bare / "streams.toml").write_text("policies.mine.target_r = 3\npolicies.default.stop = 0.01\n")
    policies = load().decisions.policies
    assert (policies["mine"].stop_ppm, policies["mine"].target_r_ppm, policies["default"].stop_ppm) == (10_000, 3_000_000, 10_000)


def test_tables_of_rows(bare: Path) -> None:
    (bare / "streams.toml").write_text(
        "[policies.mine]\n"
        "targets = [{ part = 0.5, r = 1 }, { part = 0.25, distance = 0.03 }]\n"
        "tighten = [{ r = 2, distance_r = 0.5 }]\n"
        'patience = [{ age = "30min", r = 0.2 }]\n'
    )
    mine = load().decisions.policies["mine"]
    assert mine.targets == (Rung(500_000, 1_000_000), Rung(250_000, 0, 30_000))
    assert (mine.tighten, mine.patience) == ((Tighten(2_000_000, 500_000),), (Patience(1_800_000, 200_000),))


def test_a_file_that_was_named_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMS_CONFIG", "mine.toml")
    with pytest.raises(WrongUse, match=r"there is no file mine\.toml"):
        _ = load().decisions
