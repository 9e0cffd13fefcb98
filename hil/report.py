"""Reports: one self-contained HTML file with a timing diagram in SVG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plc_sim.scenario import Disturbance

if TYPE_CHECKING:
    from hil.failure import Failure

TEMPLATE = Path(__file__).parent / "report.html.j2"


@dataclass(frozen=True)
class Lane:
    """One row of a timing diagram: a name and its changes (s, value)."""

    name: str
    points: Sequence[tuple[float, Any]]

    def cut(self, first: float, last: float) -> Lane:
        """The part of the lane in a span, with the value it begins with."""
        before = [value for time, value in self.points if time <= first]
        inside = [(time, value) for time, value in self.points if first < time <= last]
        return Lane(self.name, [(first, before[-1] if before else None), *inside])

    def changes(self, first: float, last: float) -> bool:
        """Whether anything happens in a span."""
        return any(first <= time <= last for time, _ in self.points[1:]) or (
            not self.digital and any(first <= time <= last for time, _ in self.points)
        )

    @property
    def digital(self) -> bool:
        """Only on and off."""
        return all(value is None or isinstance(value, bool) for _, value in self.points)


@dataclass(frozen=True)
class Span:
    """A time in which something was done: from, to (s), and what."""

    begin: float
    end: float
    text: str


def timing_diagram(
    lanes: Sequence[Lane], first: float, last: float, spans: Sequence[Span], mark: tuple[float, str]
) -> str:
    """A timing diagram as SVG: lanes from the top, what was done shaded, and a line at `mark` (s) with its
    name.
    """
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    fonts: dict[Any, Any] = {"svg.fonttype": "none", "font.size": 8.5}
    fonts["font.family"] = ["DejaVu Sans", "sans-serif"]
    shown = [span for span in spans if span.begin < last and span.end > first]
    with matplotlib.rc_context(fonts):
        figure, axes = pyplot.subplots(figsize=(11, 0.9 + 0.26 * (len(lanes) + len(shown))))
        for number, lane in enumerate(lanes):
            draw_lane(axes, lane, -float(number), last)
        for number, span in enumerate(shown):
            draw_span(axes, span, first, last, 1.1 + 0.8 * (len(shown) - 1 - number))
        axes.axvline(mark[0], color=RED, linewidth=1.4)
        axes.text(mark[0], -len(lanes) + 0.35, f" {mark[1]}", color=RED, weight="bold", va="bottom")
        axes.set_xlim(first, last)
        axes.set_ylim(-len(lanes) + 0.3, 1.0 + 0.8 * len(shown))
        axes.set_yticks([0.3 - number for number in range(len(lanes))], [lane.name for lane in lanes])
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color="#d0d7de", linewidth=0.5)
        axes.set_axisbelow(True)
        axes.set_xlabel("virtual time in s")
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        text = io.StringIO()
        figure.savefig(text, format="svg", bbox_inches="tight", metadata={"Date": None})
        pyplot.close(figure)
    return text.getvalue()[text.getvalue().index("<svg") :]


RED, BLUE, AMBER = "#a40e26", "#0a3069", "#d4a72c"


def draw_span(axes: Any, span: Span, first: float, last: float, height: float) -> None:
    """What was done: its time shaded over all lanes, and above them what it was."""
    begin, end = max(span.begin, first), min(span.end, last)
    axes.axvspan(begin, end, color=AMBER, alpha=0.18, linewidth=0)
    middle = (begin + end) / 2
    side = (
        "left"
        if middle < first + (last - first) / 3
        else "right"
        if middle > last - (last - first) / 3
        else "center"
    )
    place = {"left": begin, "right": end, "center": middle}[side]
    axes.text(place, height, span.text, ha=side, va="bottom", color="#633c01", clip_on=False)
    axes.plot([begin, end], [height, height], color=AMBER, linewidth=2.0, solid_capstyle="butt")


def draw_lane(axes: Any, lane: Lane, base: float, last: float) -> None:
    """One lane: a digital one as a step line, another as boxes with its values."""
    times = [time for time, _ in lane.points] + [last]
    if lane.digital:
        values = [base + 0.6 * bool(value) for _, value in lane.points]
        axes.step(times, [*values, values[-1]], where="post", color=BLUE, linewidth=1.0)
        return
    for (time, value), end in zip(lane.points, times[1:], strict=True):
        if value is not None and end > time:
            axes.fill_between([time, end], base, base + 0.6, color="#ddf4ff", edgecolor=BLUE, linewidth=0.6)
            text = str(value[1] if isinstance(value, tuple) else value)
            room = (end - time) / (last - times[0]) / len(text)
            if size := next((size for size in (8.5, 7.0, 5.5) if room > 0.00105 * size), 0.0):
                middle = (time + end) / 2
                axes.text(middle, base + 0.29, text, ha="center", va="center", fontsize=size, clip_on=True)


def write_report(
    path: Path, failure: Failure, lanes: Sequence[Lane], done: Sequence[tuple[float, Disturbance]]
) -> None:
    """Write a failure as one HTML file that needs nothing else."""
    import jinja2
    from markupsafe import Markup

    from hil.failure import span_of

    spans = [Span(at, at + max(what.duration, 0.02), what.what) for at, what in done]
    mark = (failure.time, failure.violation.requirement)
    svg = timing_diagram(lanes, *span_of(failure.time), spans, mark)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    html = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        f=failure, done=done, svg=Markup(svg), version=metadata.version("cellwright")
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parents[1] / ".gitignore").write_text("*\n", encoding="utf-8")
    path.write_text(html, encoding="utf-8")
