"""The only reader of the environment. Commands read it once and pass values on; nothing else in the tree looks at a variable.

Every variable is explained in `.env.example`. A file `.env` in the working directory counts where the environment is silent.
A secret may come as `NAME_FILE`, the path of a file that holds it, and shows in no repr.
"""
import os
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from streams import limits_file
from streams.core.settings import Settings
from streams.errors import NotReachable, Refused, WrongUse
from streams.runtime.running import recorded

ACKNOWLEDGED = "I-UNDERSTAND"
DOTENV = ".env"
LIMITS = Path("streams.toml")         # read where STREAMS_CONFIG says nothing and the file is there
SECRETS = ("binance_api_key", "binance_api_secret")
Venue = Literal["paper", "testnet", "live", "custom"]


class Environment(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="STREAMS_", env_file=DOTENV, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    kafka_bootstrap: str = ""
    venue: Venue = "paper"
    binance_rest_url: str = ""
    binance_ws_url: str = ""
    binance_api_key: SecretStr = SecretStr("")
    binance_api_key_file: Path | None = None
    binance_api_secret: SecretStr = SecretStr("")
    binance_api_secret_file: Path | None = None
    live_ack: str = ""
    account: Annotated[str, Field(min_length=1)] = "main"
    symbols: Annotated[tuple[str, ...], NoDecode] = ()
    state_dir: Path = Path(".streams")
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] = 0
    log: Literal["console", "json"] = "console"
    config: Path | None = None
    cache_home: Annotated[Path, Field(validation_alias="XDG_CACHE_HOME")] = Path()

    @field_validator("symbols", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        return tuple(word.strip().upper() for word in given.split(",") if word.strip()) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _read_secrets(self) -> Self:
        for name in SECRETS:
            path: Path | None = getattr(self, f"{name}_file")
            if path is None:
                continue
            if getattr(self, name).get_secret_value():
                raise ValueError(f"STREAMS_{name.upper()} and STREAMS_{name.upper()}_FILE are both set: one of them is wrong")
            try:
                secret = path.read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ValueError(f"STREAMS_{name.upper()}_FILE cannot be read: {error}") from None
            object.__setattr__(self, name, SecretStr(secret))
        return self

    @property
    def cache_dir(self) -> Path:
        """Where the broker's jars are kept, shared by all projects of this user."""
        home = self.cache_home if self.cache_home.is_absolute() else Path.home() / ".cache"
        return home / "quantum-streams"

    @property
    def bootstrap(self) -> str:
        """The broker's address: the environment's, else that of the broker started in the state folder. Raises NotReachable."""
        found = self.kafka_bootstrap or (running.bootstrap if (running := recorded(self.state_dir)) else "")
        if not found:
            raise NotReachable(f"no broker: STREAMS_KAFKA_BOOTSTRAP is not set and none was started in {self.state_dir}", "streams kafka up")
        return found

    @cached_property
    def decisions(self) -> Settings:
        """Limits and exit policies, the only settings that decisions know. Raises WrongUse."""
        defaults = Settings(default_account=self.account, accounts=(self.account,), symbols=self.symbols)
        return defaults if self.limits_path is None else limits_file.read(self.limits_path, defaults)

    @property
    def limits_path(self) -> Path | None:
        """The file that limits and exit policies are read from; None where the built-in ones hold."""
        return self.config or (LIMITS if LIMITS.exists() else None)

    def variable_of(self, field: str) -> str:
        """The variable that gave a field its value, and whether `.env` said it; empty where the default holds."""
        name = f"STREAMS_{field.upper()}"
        shell = {given.upper() for given, value in os.environ.items() if value}
        return name if name in shell else f"{name} in .env" if field in self.model_fields_set else ""

    @cached_property
    def unknown(self) -> tuple[str, ...]:
        """Variables in our name that mean nothing, each with the nearest that does; no value is told."""
        ours = [field.upper() for field in type(self).model_fields if field != "cache_home"]
        named = {name.upper() for name in (*os.environ, *dotenv_values(DOTENV))}
        given = sorted(name.removeprefix("STREAMS_") for name in named if name.startswith("STREAMS_"))
        near = {name: get_close_matches(name, ours, n=1) for name in given if name not in ours}
        return tuple(f"STREAMS_{name} means nothing" + (f": did you mean STREAMS_{like[0]}?" if like else "") for name, like in near.items())

    def accounts(self, chosen: str = "") -> tuple[str, ...]:
        """The accounts that a command means: one, `all`, or by default this environment's."""
        return self.decisions.accounts if chosen == "all" else (chosen or self.account,)

    def require_venue(self) -> Venue:
        """The venue, when all that it needs is set. Raises Refused for `live` without its acknowledgement, WrongUse for what is missing."""
        if self.venue == "live" and self.live_ack != ACKNOWLEDGED:
            raise Refused("STREAMS_VENUE=live trades real money", f"set STREAMS_LIVE_ACK={ACKNOWLEDGED} if that is what you want")
        needed = {"paper": (), "testnet": SECRETS, "live": SECRETS, "custom": ("binance_rest_url", "binance_ws_url")}[self.venue]
        missing = [f"STREAMS_{name.upper()}" for name in needed if not getattr(self, name)]
        if missing:
            raise WrongUse(f"STREAMS_VENUE={self.venue} needs {' and '.join(missing)}", "set them (.env.example explains each)")
        return self.venue


def for_children(*, ours: bool) -> dict[str, str]:
    """The environment to start processes with: as it is, or without any variable of ours."""
    return {name: value for name, value in os.environ.items() if ours or not name.startswith("STREAMS_")}


def load() -> Environment:
    """Raises WrongUse, which names each variable and what is wrong with it, and no value."""
    try:
        return Environment()
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise WrongUse("; ".join(_fault(fault["loc"], fault["msg"]) for fault in faults), "see .env.example") from None
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f".env cannot be read: {error}", "write it anew as UTF-8; .env.example is one") from None


def _fault(where: tuple[int | str, ...], said: str) -> str:
    said = said.removeprefix("Value error, ")
    return f"{'XDG_CACHE_HOME' if where[0] == 'XDG_CACHE_HOME' else 'STREAMS_' + str(where[0]).upper()}: {said}" if where else said
