"""What explains an account's wallets: own fills, and what the venue names. What is left over is told apart, and never taken for a withdrawal.

    wallet = base + earned + transferred + unexplained

`base` is the wallet at first sight. `earned` is the trading's: realised profit less fees of every booked trade, funding, and whatever else the venue
charges or gives. `transferred` is what the venue itself calls a payment: a reason of its user stream, or a row of its statement (`GET income`), which
also tells what happened while nobody listened. Both may tell the same payment: two words of the same amount close in time, one from each, are one.

A loss cannot be mistaken for a withdrawal. Only the venue's own word makes one: a loss by fills is explained by the fills, and a difference that
nobody explains is no payment out, however long it stands. A gain that nobody explains is the account's as money paid in, not as profit: it makes no
room for losses (`account_state`). So a wrong reading of either kind can only make the breakers act too early.
"""
import msgspec

from streams.core.events import Filled
from streams.core.ledger import AssetCash, CashRecord, Word

DOLLARS = ("USDT", "USDC", "FDUSD", "BUSD", "USD1")      # counted as one another; nothing else is worth one
PAID = frozenset((                    # reasons of ACCOUNT_UPDATE that move money in or out
    "DEPOSIT", "WITHDRAW", "WITHDRAW_REJECT", "ADMIN_DEPOSIT", "ADMIN_WITHDRAW", "ASSET_TRANSFER", "COIN_SWAP_DEPOSIT", "COIN_SWAP_WITHDRAW",
    "AUTO_EXCHANGE",
))
TRANSFERS = frozenset((               # kinds of income that do; all others but the trades' own are the trading's
    "TRANSFER", "INTERNAL_TRANSFER", "CROSS_COLLATERAL_TRANSFER", "COIN_SWAP_DEPOSIT", "COIN_SWAP_WITHDRAW", "STRATEGY_UMFUTURES_TRANSFER",
    "AUTO_EXCHANGE",
))
TRADES = frozenset(("REALIZED_PNL", "COMMISSION"))        # known by the trades themselves
FUNDINGS = frozenset(("FUNDING_FEE", "SPECIAL_FUNDING_FEE"))
FUNDING, TRANSFER, OTHER = "FUNDING", "TRANSFER", "OTHER"
NEAR_MS = 300_000                     # stream and statement date the same payment differently; funding by up to a minute
KEPT_MS = 900_000                     # so long words are remembered, and the statement is read again
DUST = 10_000                         # 0.0001: the venue's own rounding
replace = msgspec.structs.replace


def kind_of(income: str) -> str:
    """Of a row of the statement that is not a trade's."""
    return TRANSFER if income in TRANSFERS else FUNDING if income in FUNDINGS else OTHER


def traded(cash: CashRecord, fill: Filled, margin_asset: str) -> CashRecord:
    """After a trade that is booked for the first time: its profit in the symbol's margin asset, its fee in the asset that it was paid in."""
    for asset, amount in ((margin_asset, fill.realised_pnl), (fill.fee_asset, -fill.fee)):
        cash = _earned(cash, asset, amount) if amount else cash
    return cash


def heard(cash: CashRecord, word: Word) -> tuple[CashRecord, bool]:
    """After a word of the stream or the statement; whether it was the first to tell of this payment."""
    if any(replace(known, paired=False) == word for known in cash.words):
        return cash, False
    twin = next((place for place, known in enumerate(cash.words) if _same_payment(known, word)), None)
    if twin is not None:
        words = (*cash.words[:twin], replace(cash.words[twin], paired=True), *cash.words[twin + 1 :], replace(word, paired=True))
        return replace(cash, words=words), False
    cash = replace(cash, words=(*cash.words, word))
    if word.kind == TRANSFER:
        one = of(cash, word.asset)
        return _with(cash, replace(one, transferred=one.transferred + word.amount)), True
    return _earned(cash, word.asset, word.amount), True


def read(cash: CashRecord, until: int) -> CashRecord:
    """After the statement has been read up to a time of the venue; words from which it will not be read again are forgotten."""
    until = max(until, cash.until)
    return replace(cash, until=until, words=tuple(word for word in cash.words if word.time >= until - 2 * KEPT_MS))


def since(cash: CashRecord) -> int:
    """From where the statement is to be read: again over what may have come late, and never before the first sight."""
    return max(cash.until - KEPT_MS, cash.begun)


def stands(cash: CashRecord, asset: str, wallet: int, time: int) -> CashRecord:
    """After the venue's word on a wallet; an older one than the last says nothing. The first is the base."""
    one = of(cash, asset)
    if time < one.time:
        return cash
    if not one.time:
        one = replace(one, base=wallet - one.earned - one.transferred)
    return _with(cash, replace(one, wallet=wallet, time=time))


def unexplained(one: AssetCash) -> int:
    return one.wallet - one.base - one.earned - one.transferred if one.time else 0


def agrees(one: AssetCash) -> bool:
    """Whether the books explain the wallet, but for what they did not explain at the last reconciliation."""
    return abs(unexplained(one) - one.accepted) <= DUST


def accepted(cash: CashRecord) -> CashRecord:
    """After a reconciliation: what nobody could explain is no reason to look again."""
    return replace(cash, assets=tuple(replace(one, accepted=unexplained(one)) for one in cash.assets))


def of(cash: CashRecord, asset: str) -> AssetCash:
    return next((one for one in cash.assets if one.asset == asset), AssetCash(asset))


def _same_payment(known: Word, word: Word) -> bool:
    """Told once by the stream, which names no transaction, and once by the statement."""
    return (
        not known.paired and bool(known.id) != bool(word.id) and abs(known.time - word.time) <= NEAR_MS
        and (known.kind, known.symbol, known.asset, known.amount) == (word.kind, word.symbol, word.asset, word.amount)
    )


def _earned(cash: CashRecord, asset: str, amount: int) -> CashRecord:
    one = of(cash, asset)
    return _with(cash, replace(one, earned=one.earned + amount))


def _with(cash: CashRecord, one: AssetCash) -> CashRecord:
    if all(known.asset != one.asset for known in cash.assets):
        return replace(cash, assets=(*cash.assets, one))
    return replace(cash, assets=tuple(one if known.asset == one.asset else known for known in cash.assets))
