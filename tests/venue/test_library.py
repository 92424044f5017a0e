"""ccxt without its other exchanges: the same class, a fraction of the modules, and whoever wants the whole gets it afterwards."""
import json
import subprocess
import sys

SCRIPT = """
import json, sys
from streams.venue.library import binanceusdm
found, error = binanceusdm()
modules = sum(name.startswith("ccxt.") for name in sys.modules)
left = [name for name in ("ccxt", "ccxt.async_support") if name in sys.modules]
import ccxt.async_support
same = ccxt.async_support.binanceusdm is found and ccxt.async_support.BaseError is error
whole = hasattr(ccxt.async_support, "kraken") and issubclass(ccxt.async_support.RequestTimeout, error)
print(json.dumps([found.__name__, modules < 40, left, same, whole]))
"""


def test_one_exchange_alone() -> None:
    """In a process of its own: here ccxt may have been imported whole by another test."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["binanceusdm", True, [], True, True]
