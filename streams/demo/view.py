"""The live view: what is held and how it is protected, what was refused and why, how fast it all goes. Plain lines where nobody has a terminal."""
import asyncio
from collections.abc import Mapping, Sequence
from itertools import islice

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from streams.core.events import PositionUpdated
from streams.core.values import E8, notional
from streams.core.words import Exit, Mode
from streams.demo.board import Board
from streams.demo.percentiles import percentile
from streams.demo.processes import Health

WIDE, WIDEST = 130, 180               # columns: from the first on the tables say more, beyond the second nothing is gained
FRAMES_HEIGHT = 11                    # lines of titles and borders
DRAW_S, LINE_S = 0.5, 10.0
STALE_MS = 5_000                      # a part that was not heard of for so long is told in red
MODE_STYLES = {Mode.ACTIVE: "bold green", Mode.REDUCING: "bold yellow", Mode.HALTED: "bold red"}
HOPS = {"intent_to_proposal": "intent → proposal", "intent_to_command": "intent → command", "tick_to_exit": "tick → exit", "rest": "request → answer"}


async def watch(board: Board, health: Mapping[str, Health], title: str, console: Console) -> None:
    """Shows it until cancelled: drawn anew twice a second on a terminal, a line each ten seconds elsewhere."""
    if not console.is_terminal:
        while True:
            await asyncio.sleep(LINE_S)
            console.print(line(board, health), highlight=False, soft_wrap=True)
    with Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop") as live:
        while True:
            live.update(screen(board, health, title, min(console.width, WIDEST), console.height), refresh=True)
            await asyncio.sleep(DRAW_S)


def screen(board: Board, health: Mapping[str, Health], title: str, width: int, height: int = 50) -> RenderableType:
    """The whole view as it is now, for a terminal of so many columns and lines."""
    wide = width >= WIDE
    left = width * (54 if wide else 50) // 100
    recent = max(height - max(len(board.tally.held), 1) - len(health) - FRAMES_HEIGHT, 2)
    below = [Panel(_denials(board, recent), title="denied", width=left), Panel(_exits(board, recent), title="left", width=width - left)]
    return Group(
        _head(board, title, wide=wide), Panel(_positions(board, wide=wide), title="positions", width=width), Columns(below, padding=(0, 0)),
        Panel(Columns([_hops(board), _parts(board, health)], padding=(0, 4)), title="pipeline", width=width),
    )


def line(board: Board, health: Mapping[str, Health]) -> str:
    """The same in one line, for a log."""
    tally = board.tally
    down = [name for name, part in health.items() if not part.pid]
    unguarded = sum(not position.guarded for position in tally.held)
    parts = [
        f"{board.mode} equity {money(board.equity)} open profit {signed(board.unrealised)}",
        f"positions {len(tally.held)}" + (f" ({unguarded} without a stop yet)" if unguarded else ""),
        f"intents {len(tally.intents)} denied {len(tally.denials)} fills {len(tally.fills)} left {_counts(tally.left())}",
        *(f"{name} p50 {percentile(took, 50):g} p99 {percentile(took, 99):g} ms" for name, took in tally.hops().items() if took),
        *([f"DOWN: {', '.join(down)}"] if down else []),
    ]
    return " | ".join(parts)


def _head(board: Board, title: str, *, wide: bool) -> Text:
    tally, held = board.tally, board.tally.held
    exposure = sum(abs(notional(position.quantity, board.marks.get(position.symbol, position.mark))) for position in held)
    text = Text.assemble((f" {title} ", "bold reverse"), "  ", (str(board.mode), MODE_STYLES[board.mode]), "" if wide else "\n")
    facts = {
        "equity": money(board.equity), "exposure": money(exposure), "intents": f"{len(tally.intents)}", "fills": f"{len(tally.fills)}",
        "denied": f"{len(tally.denials)}", **({"ticks": f"{board.ticks:,}"} if wide else {}),
    }
    for name, value in facts.items():
        text.append(f"  {name} ", "dim").append(value)
    text.append("  open profit ", "dim").append(signed(board.unrealised), _colour(board.unrealised))
    return text


def _positions(board: Board, *, wide: bool) -> Table:
    table = Table(box=None, expand=True, pad_edge=False, header_style="dim")
    for name in ("symbol", "side", *(("quantity", "notional") if wide else ()), "entry", "mark", "stop", "target", "profit", "age"):
        table.add_column(name, justify="left" if name in ("symbol", "side") else "right", no_wrap=True)
    for position in sorted(board.tally.held, key=lambda position: position.symbol):
        table.add_row(*_row(board, position, wide=wide))
    if not table.rows:
        table.add_row(Text("none", "dim"))
    return table


def _row(board: Board, position: PositionUpdated, *, wide: bool) -> list[Text]:
    mark = board.marks.get(position.symbol, position.mark)
    size = [Text(amount(abs(position.quantity))), Text(money(abs(notional(position.quantity, mark))))] if wide else []
    stop = Text(price(position.stop_price) + (" trails" if board.trails(position) else "")) if position.guarded else Text("not yet", "bold red")
    return [
        Text(position.symbol), Text("long", "green") if position.quantity > 0 else Text("short", "red"), *size, Text(price(position.price_average)),
        Text(price(mark)), stop, Text(price(position.target_price) if position.target_price else "–"),
        Text(signed(position.unrealised_pnl), _colour(position.unrealised_pnl)), Text(f"{max(board.now - position.opened_at, 0) // 1000} s"),
    ]


def _denials(board: Board, count: int) -> RenderableType:
    return _lines([
        Text.assemble((f"{_ago(board, at)} ", "dim"), f"{decision.key:<12.12} ", (told.reason, "yellow"), (f" {told.detail}", "dim"))
        for at, decision in islice(board.denials, count) for told in (decision.denials or (decision,))[:1]
    ])


def _exits(board: Board, count: int) -> RenderableType:
    return _lines([
        Text.assemble(
            (f"{_ago(board, end.closed_at)} ", "dim"), f"{end.symbol:<12.12} ",
            (f"{signed(end.realised_pnl - end.fees):>7} ", _colour(end.realised_pnl - end.fees)), (f"{end.exit or '?'}", "cyan"),
        )
        for end in islice(board.exits, count)
    ])


def _hops(board: Board) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("hop, ms")
    for name in ("p50", "p99", "n"):
        table.add_column(name, justify="right")
    took = board.tally.hops()
    for hop, title in HOPS.items():
        figures = [f"{percentile(took[hop], at):g}" for at in (50, 99)] if took[hop] else ["–", "–"]
        table.add_row(title, *figures, f"{len(took[hop])}")
    return table


def _parts(board: Board, health: Mapping[str, Health]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("process", "state", "heard"):
        table.add_column(name)
    for name, part in health.items():
        at = board.heard.get(name)
        late = at is not None and board.now - at > STALE_MS
        table.add_row(name, Text(part.word, "green" if part.pid else "bold red"), Text(_ago(board, at) if at else "–", "bold red" if late else "dim"))
    return table


def _lines(lines: Sequence[Text]) -> RenderableType:
    """No more than a line each: what is too long is cut, never wrapped."""
    for text in lines:
        text.no_wrap, text.overflow = True, "ellipsis"
    return Group(*lines) if lines else Text("none yet", "dim")


def _ago(board: Board, at: int) -> str:
    return f"{max(board.now - at, 0) // 1000:>3} s"


def _counts(counts: Mapping[Exit, int]) -> str:
    return " ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "0"


def _colour(value: int) -> str:
    return "green" if value > 0 else "red" if value < 0 else ""


def money(value: int) -> str:
    """Of 1e-8 units, to the cent."""
    return f"{value / E8:,.2f}"


def signed(value: int) -> str:
    return f"{value / E8:+,.2f}"


def price(value: int) -> str:
    """Seven digits that matter."""
    shown = value / E8
    whole = len(f"{int(abs(shown))}")
    return f"{shown:,.{max(7 - whole, 2)}f}" if shown >= 1 else f"{shown:.8f}".rstrip("0")


def amount(value: int) -> str:
    return f"{value / E8:,.8f}".rstrip("0").rstrip(".")
