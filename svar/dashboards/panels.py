"""The kinds of panels that the dashboards are made of, and how a page is laid out: rows of 24 columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, text, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import prometheus as queries
from grafana_foundation_sdk.models import text as texts

from metrics.measures import BY_KEY

SOURCE = models.DataSourceRef(type_val="prometheus", uid="svar-prometheus")
COLUMNS = 24
Steps = Sequence[tuple[float | None, str]]
"""From which value on (None: from the beginning) which colour."""

PLAIN: Steps = ((None, "text"),)
GOAL: Steps = ((None, "red"), (0.6, "orange"), (0.7, "green"))
"""Of service level: 70 % is the goal."""
ANSWERED: Steps = ((None, "red"), (0.75, "orange"), (0.9, "green"))
WELL: Steps = ((None, "red"), (1, "green"))
STATES = {
    "ready": ("Ledig · ready", "green"),
    "offered": ("Ringer · offered", "purple"),
    "talking": ("I samtale · talking", "blue"),
    "wrap_up": ("Etterarbeid · wrap-up", "yellow"),
    "not_ready": ("Ikke klar · not ready", "orange"),
}
"""What agents' states are called, and how they are coloured."""
NONE_IS_WELL: Steps = ((None, "green"), (1, "red"))


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of Prometheus, and what a line is called: labels in `{{…}}`."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A panel's title in Norwegian and English, and what it shows."""

    title: str
    about: str


def told(norwegian: str, english: str, about: str) -> Told:
    return Told(f"{norwegian} · {english}", about)


def measure(key: str, norwegian: str = "", english: str = "") -> Told:
    """A measure of the registry, with its definition; the words say of what time or whom."""
    one = BY_KEY[key]
    title = " · ".join((f"{one.norwegian} {norwegian}".strip(), f"{one.english} {english}".strip()))
    return Told(title, f"{one.meaning[0]}\n\n{one.meaning[1]}\n\n`{one.formula}` (versjon {one.version})")


def _asked(query: Query, ref: int, *, instant: bool = False) -> prometheus.Dataquery:
    made = prometheus.Dataquery().expr(query.expr).ref_id(chr(ord("A") + ref)).datasource(SOURCE)
    if query.legend:
        made = made.legend_format(query.legend)
    return made.instant() if instant else made.range()


def _thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    made = [models.Threshold(value=value, color=color) for value, color in steps]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(made)


def number(of: Told, expr: str, unit: str = "short", steps: Steps = PLAIN) -> models.Panel:
    """One big number, as it is now, on a trend."""
    made = stat.Panel().title(of.title).description(of.about).datasource(SOURCE).unit(unit)
    made = made.thresholds(_thresholds(steps)).with_target(_asked(Query(expr), 0))
    made = made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    made = made.graph_mode(looks.BigValueGraphMode.AREA).color_mode(looks.BigValueColorMode.VALUE)
    return made.no_value("–").decimals(1 if unit == "percentunit" else 0).build()


def lines(
    of: Told,
    *asked: Query,
    unit: str = "short",
    stacked: bool = False,
    goal: float | None = None,
    named: Mapping[str, tuple[str, str]] | None = None,
) -> models.Panel:
    """Lines over time; with `goal`, one to stay above. `named`: what lines are called in words, and colours."""
    made = timeseries.Panel().title(of.title).description(of.about).datasource(SOURCE).unit(unit).axis_soft_min(0)
    for ref, query in enumerate(asked):
        made = made.with_target(_asked(query, ref))
    made = made.line_width(2).fill_opacity(30 if stacked else 5).show_points(looks.VisibilityMode.NEVER)
    legend = common.VizLegendOptions().display_mode(looks.LegendDisplayMode.LIST)
    made = made.legend(legend.placement(looks.LegendPlacement.BOTTOM).show_legend(show_legend=True))
    seen_together = common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI).sort(looks.SortOrder.DESCENDING)
    made = made.tooltip(seen_together)
    for name, (words, color) in (named or {}).items():
        fixed = {"mode": "fixed", "fixedColor": color}
        properties = [models.DynamicConfigValue("displayName", words), models.DynamicConfigValue("color", fixed)]
        made = made.override_by_name(name, properties)
    if stacked:
        made = made.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL))
    if goal is not None:
        made = made.thresholds(_thresholds(((None, "red"), (goal, "green")))).axis_soft_max(1)
        made = made.thresholds_style(common.GraphThresholdsStyleConfig().mode(looks.GraphTresholdsStyleMode.LINE))
    return made.build()


def bars(of: Told, asked: Query, unit: str = "short", steps: Steps = PLAIN) -> models.Panel:
    """Bars from left to right, as it is now."""
    made = bargauge.Panel().title(of.title).description(of.about).datasource(SOURCE).unit(unit).min(0)
    made = made.thresholds(_thresholds(steps)).with_target(_asked(asked, 0, instant=True))
    made = made.orientation(looks.VizOrientation.HORIZONTAL).display_mode(looks.BarGaugeDisplayMode.BASIC)
    return made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"])).no_value("–").build()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `title` stands above it; `steps` colour its text."""

    title: str
    expr: str
    unit: str = "short"
    steps: Steps = PLAIN


def rows(
    of: Told, by: str, heading: str, columns: Sequence[Column], named: Mapping[str, str] | None = None
) -> models.Panel:
    """A table, as it is now: a row for each value of the label `by`, under `heading`, highest first column on top.

    `named`: what values of the label are called in words.
    """
    made = table.Panel().title(of.title).description(of.about).datasource(SOURCE).no_value("–")
    first = common.TableSortByFieldState().display_name(columns[0].title).desc(desc=True)
    made = made.show_header(show_header=True).sort_by([first])
    for ref, column in enumerate(columns):
        asked = _asked(Query(column.expr), ref, instant=True)
        made = made.with_target(asked.format(queries.PromQueryFormat.TABLE))
    names = [f"Value #{chr(ord('A') + ref)}" for ref in range(len(columns))] if len(columns) > 1 else ["Value"]
    titles = dict(zip(names, (column.title for column in columns), strict=True))
    order = {name: at for at, name in enumerate((by, *names))}
    arranged = {"excludeByName": {"Time": True}, "indexByName": order, "renameByName": {by: heading, **titles}}
    changes: dict[str, object] = {
        "joinByField": {"byField": by, "mode": "outer"},
        "filterFieldsByName": {"include": {"names": [by, *names]}},
        "organize": arranged,
    }
    for name, options in changes.items():
        made = made.with_transformation(models.DataTransformerConfig(name, options=options))
    if named:
        words = [{"type": "value", "options": {value: {"text": text} for value, text in named.items()}}]
        made = made.override_by_name(heading, [models.DynamicConfigValue("mappings", words)])
    for column in columns:
        made = made.override_by_name(column.title, _column_looks(column))
    return made.build()


def _column_looks(column: Column) -> list[models.DynamicConfigValue]:
    values: list[tuple[str, object]] = [("unit", column.unit)]
    if column.unit == "percentunit":
        values.append(("decimals", 1))
    if column.steps is not PLAIN:
        values += [
            ("thresholds", {"mode": "absolute", "steps": [{"value": v, "color": c} for v, c in column.steps]}),
            ("custom.cellOptions", {"type": "color-text"}),
        ]
    return [models.DynamicConfigValue(name, value) for name, value in values]


def note(title: str, markdown: str) -> models.Panel:
    """Words, for who sees the page for the first time."""
    return text.Panel().title(title).mode(texts.TextMode.MARKDOWN).content(markdown).build()


@dataclass(frozen=True, slots=True)
class Row:
    """Panels beside each other, with their widths; together 24 at most."""

    height: int
    panels: Sequence[tuple[int, models.Panel]]


@dataclass(frozen=True, slots=True)
class Variable:
    """What is chosen at the top of a page: the values of a label of a metric, all of them at first."""

    name: str
    title: str
    metric: str
    single: bool = False
    """One value is chosen, and not all of them."""


@dataclass(frozen=True, slots=True)
class Page:
    """A dashboard. `hours`: how far back it looks at first."""

    uid: str
    title: str
    about: str
    rows: Sequence[Row]
    variables: Sequence[Variable] = ()
    hours: int = 6


class _Placed(Builder[models.Panel]):
    def __init__(self, panel: models.Panel) -> None:
        self._panel = panel

    def build(self) -> models.Panel:
        return self._panel


def _variable(one: Variable) -> dashboard.QueryVariable:
    made = dashboard.QueryVariable(one.name).label(one.title).datasource(SOURCE)
    made = made.query({"query": f"label_values({one.metric}, {one.name})", "refId": one.name})
    made = made.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(models.VariableSort.ALPHABETICAL_ASC)
    if one.single:
        return made.include_all(include_all=False).multi(multi=False)
    everything = models.VariableOption(text="All", value="$__all", selected=True)
    return made.include_all(include_all=True).all_value(".*").multi(multi=True).current(everything)


def built(page: Page) -> models.Dashboard:
    """The dashboard as Grafana reads it: panels on the grid, in the order in which they are written."""
    made = dashboard.Dashboard(page.title).uid(page.uid).description(page.about).tags(["svar"]).readonly()
    made = made.time(f"now-{page.hours}h", "now").refresh("30s").timezone("browser")
    links = dashboard.DashboardLink("svar").type(models.DashboardLinkType.DASHBOARDS).tags(["svar"])
    made = made.link(links.as_dropdown(as_dropdown=False).keep_time(keep_time=True))
    for variable in page.variables:
        made = made.with_variable(_variable(variable))
    y = number_of = 0
    for row in page.rows:
        x = 0
        for width, panel in row.panels:
            number_of += 1
            panel.id_val = number_of
            panel.grid_pos = models.GridPos(h=row.height, w=width, x=x, y=y)
            made = made.with_panel(_Placed(panel))
            x += width
        y += row.height
    return made.build()
