"""Reports: one self-contained HTML file with a timing diagram in SVG."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
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

    def shown(self, first: float, last: float) -> bool:
        """Whether the lane says anything in a span."""
        return any(first <= time <= last for time, _ in self.points) or self.name == "state"

    @property
    def digital(self) -> bool:
        """Only on and off."""
        return all(value is None or isinstance(value, bool) for _, value in self.points)


def timing_diagram(
    lanes: Sequence[Lane], first: float, last: float, shaded: Iterable[tuple[float, float]], mark: float
) -> str:
    """A timing diagram as SVG: lanes from the top, disturbances shaded, a line at `mark` (s)."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    with matplotlib.rc_context({"svg.fonttype": "none", "font.size": 8, "font.family": "sans-serif"}):
        figure, axes = pyplot.subplots(figsize=(11, 0.6 + 0.28 * max(len(lanes), 2)))
        for number, lane in enumerate(lanes):
            draw_lane(axes, lane, -float(number), last)
        for begin, end in shaded:
            axes.axvspan(max(begin, first), min(end, last), color="#d4a72c", alpha=0.2, linewidth=0)
        axes.axvline(mark, color="#a40e26", linewidth=1.2)
        axes.set_xlim(first, last)
        axes.set_ylim(-len(lanes) + 0.3, 1.0)
        axes.set_yticks([0.3 - number for number in range(len(lanes))], [lane.name for lane in lanes])
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("s")
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        text = io.StringIO()
        figure.savefig(text, format="svg", bbox_inches="tight", metadata={"Date": None})
        pyplot.close(figure)
    return text.getvalue()[text.getvalue().index("<svg") :]


def draw_lane(axes: Any, lane: Lane, base: float, last: float) -> None:
    """One lane: a digital one as a step line, another as boxes with its values."""
    times = [time for time, _ in lane.points] + [last]
    if lane.digital:
        values = [base + 0.6 * bool(value) for _, value in lane.points]
        axes.step(times, [*values, values[-1]], where="post", color="#0a3069", linewidth=1.0)
        return
    for (time, value), end in zip(lane.points, times[1:], strict=True):
        if value is not None and end > time:
            axes.fill_between(
                [time, end], base, base + 0.6, color="#ddf4ff", edgecolor="#0a3069", linewidth=0.6
            )
            text = str(value[1] if isinstance(value, tuple) else value)
            if (end - time) > 0.011 * len(text) * (last - times[0]):
                axes.text((time + end) / 2, base + 0.3, text, ha="center", va="center", clip_on=True)


def write_report(
    path: Path, failure: Failure, lanes: Sequence[Lane], done: Sequence[tuple[float, Disturbance]]
) -> None:
    """Write a failure as one HTML file that needs nothing else."""
    import jinja2

    from hil.failure import AFTER, BEFORE

    shaded = [(at, at + what.duration) for at, what in done]
    svg = timing_diagram(lanes, failure.time - BEFORE, failure.time + AFTER, shaded, failure.time)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    from markupsafe import Markup

    html = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        f=failure, done=done, svg=Markup(svg), version=metadata.version("cellwright")
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html, encoding="utf-8")
