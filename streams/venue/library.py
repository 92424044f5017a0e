"""ccxt's binanceusdm, and the class of all its errors, without its hundred other exchanges.

`import ccxt` runs two package files that import every exchange there is: four seconds and more of a start in which nothing is guarded yet, where this
one takes less than one. So two empty packages of the same names and folders stand in while our class is imported. Afterwards they are gone, and
whoever imports ccxt gets the whole, with the modules that are loaded already. A version of ccxt that cannot be had so is imported whole.
"""
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

NAMES = ("ccxt", "ccxt.async_support")


def binanceusdm() -> tuple[Any, type[Exception]]:
    if any(name in sys.modules for name in NAMES):
        return _whole()
    try:
        return _alone()
    except (ImportError, AttributeError):
        for name in [name for name in sys.modules if name.partition(".")[0] == NAMES[0]]:
            del sys.modules[name]
        return _whole()


def _alone() -> tuple[Any, type[Exception]]:
    found = importlib.util.find_spec(NAMES[0])           # of a package at the top this imports nothing
    if found is None or not found.submodule_search_locations:
        raise ImportError("ccxt is not installed")
    folder = Path(found.submodule_search_locations[0]).parent
    try:
        for name in NAMES:
            package = sys.modules[name] = ModuleType(name)
            package.__path__ = [str(folder.joinpath(*name.split(".")))]
        errors, base = importlib.import_module("ccxt.base.errors"), importlib.import_module("ccxt.base.exchange")
        asked_of_the_package = {name: one for name, one in vars(errors).items() if not name.startswith("_")} | {"Exchange": base.Exchange}
        vars(sys.modules[NAMES[0]]).update(asked_of_the_package)
        return importlib.import_module("ccxt.async_support.binanceusdm").binanceusdm, errors.BaseError
    finally:
        for name in NAMES:
            sys.modules.pop(name, None)


def _whole() -> tuple[Any, type[Exception]]:
    package = importlib.import_module("ccxt.async_support")
    return package.binanceusdm, package.BaseError
