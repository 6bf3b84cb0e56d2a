"""The check whether Naver's result page can still be read: what each way of reading it finds.

    python flows/check_naver.py "고양이" [--save DIR] [--json]

Exit code 0: candidates can be had; 1: none can, and the last line says why; 2: bad arguments.
Deployed and scheduled, the flow ``check_naver`` fails as soon as the page can no longer be read.
"""

if __name__ == "__main__":
    from flows.starting import start

    start("flows.check_naver")

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from prefect import flow
from rich.console import Console
from rich.table import Table

from flows.arguments import Parser
from tasks.characters import has_refused, plain, visible
from tasks.database.blocks import respecting
from tasks.database.source_checks import record_check
from tasks.errors import CollectError, PageChangedError, SearchError
from tasks.records import AddressKind
from tasks.settings import PROJECT_DIR, Settings
from tasks.sources.browser import open_browser
from tasks.sources.naver import SOURCE, NaverSettings, ResultsPage, search_address
from tasks.sources.naver_results import CURRENT, Extraction, Ranking, Strategy
from tasks.sources.query import SearchQuery
from words import Language, Message, say

GOLDEN_QUERIES = PROJECT_DIR / "deployments" / "golden_queries.json"


@dataclass(frozen=True, slots=True)
class StrategyReport:
    """What one way of reading found."""

    strategy: str
    candidates: int
    with_original: int
    with_size: int
    sample_url: str  # of the first candidate, empty where there is none


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What all ways found, each image counted once, and each way by itself."""

    query: str
    candidates: int
    strategies: tuple[StrategyReport, ...]

    @property
    def broken(self) -> tuple[str, ...]:
        """The ways that read today's page and found nothing."""
        return tuple(
            part.strategy
            for part in self.strategies
            if not part.candidates and part.strategy in CURRENT
        )


def check(query: str, settings: Settings, save: Path | None = None) -> CheckReport:
    """Open the page, scroll once, and report; with ``save``, keep in that folder what was seen.

    Raises a ``SearchError`` where there is no candidate; what was seen is kept then too.
    """
    with respecting(settings, SOURCE.host), open_browser(settings) as browser:
        address = search_address(SearchQuery(query), NaverSettings().naver_search_url)
        page = ResultsPage(browser, address)
        try:
            parts = [*page.open(), *(() if page.is_at_end else page.more())]
        finally:
            if save:
                page.save(save)
    report = CheckReport(
        query,
        len(Ranking().add(parts)),
        tuple(
            _strategy_report(strategy, parts)
            for strategy in Strategy
            if strategy in CURRENT or any(part.strategy is strategy for part in parts)
        ),
    )
    if not report.candidates:
        raise SearchError("no_naver_images", query=query)
    return report


def _strategy_report(strategy: Strategy, parts: Sequence[Extraction]) -> StrategyReport:
    found = Ranking().add(part for part in parts if part.strategy is strategy)
    return StrategyReport(
        strategy=strategy,
        candidates=len(found),
        with_original=sum(c.addresses[0].kind is AddressKind.ORIGINAL for c in found),
        with_size=sum(c.stated_width > 0 for c in found),
        sample_url=found[0].url if found else "",
    )


@flow(name="check-naver")
def check_naver(query: str = "") -> list[dict[str, object]]:
    """Fail where a way of reading Naver's result page that used to work finds nothing.

    Args:
        query: What to search for, with more than 50 results. Left empty: the golden queries of
            deployments/golden_queries.json, each with the ways that used to work.
    """
    golden = json.loads(GOLDEN_QUERIES.read_text("utf-8-sig"))
    ways = [way for way in golden if query in ("", way["query"])] or [{"query": query}]
    settings = Settings()
    with _recorded(settings) as reports:
        for way in ways:
            report = check(way["query"], settings)
            reports.append(asdict(report))
            expected = way.get("strategies", CURRENT)
            if broken := [name for name in report.broken if name in expected]:
                raise PageChangedError(_warning(report.query, broken))
    return reports


@contextmanager
def _recorded(settings: Settings) -> Iterator[list[dict[str, object]]]:
    """Write down how a check goes; the block adds what it reports of each query."""
    reports: list[dict[str, object]] = []
    try:
        yield reports
    except CollectError as error:
        record_check(settings, SOURCE.name, ok=False, message=error.message, report=reports)
        raise
    found = ", ".join(f"{report['query']} {report['candidates']}" for report in reports)
    record_check(
        settings,
        SOURCE.name,
        ok=True,
        message=Message("note.candidates", {"found": found}),
        report=reports,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the check without Prefect and print what it finds."""
    parser = Parser("check_naver", argv)
    parser.place("query", metavar="QUERY", help=parser.say("cli.check_query"))
    parser.option("--save", type=Path, metavar="DIR", help=parser.say("cli.check_save"))
    parser.option("--json", action="store_true", help=parser.say("cli.json"))
    parser.lang()
    given = vars(parser.parse_args(argv))
    text, as_json = given["query"].strip(), "json" in given
    if has_refused(text):
        parser.error(parser.say("finding.control_character"))
    query = plain(text)
    if not query:
        parser.error(parser.say("cli.query_empty"))
    try:
        settings = Settings()
        with _recorded(settings) as reports:
            report = check(query, settings, given.get("save"))
            reports.append(asdict(report))
    except CollectError as error:
        return parser.fail(error.message, error.exit_code, as_json=as_json)
    if as_json:
        sys.stdout.write(visible(json.dumps(asdict(report), ensure_ascii=False)) + "\n")
    else:
        _print_report(report, parser.language)
    return 0


def _warning(query: str, broken: Sequence[str]) -> Message:
    return Message("error.strategies_broken", {"strategies": ", ".join(broken), "query": query})


def _print_report(report: CheckReport, language: Language) -> None:
    console = Console(markup=False, emoji=False, highlight=False)
    table = Table(title=say("cli.checked", language, query=report.query))
    for column in ("strategy", "candidates", "with_original", "with_size"):
        table.add_column(say(f"overview.{column}", language))
    for part in report.strategies:
        counts = (part.candidates, part.with_original, part.with_size)
        table.add_row(part.strategy, *map(str, counts))
    console.print(table)
    for part in report.strategies:
        if part.sample_url:
            first = say(
                "cli.check_first", language, strategy=part.strategy, address=part.sample_url
            )
            console.print(first, soft_wrap=True)
    if report.broken:
        console.print(_warning(report.query, report.broken).said_in(language))
    console.print(say("cli.check_found", language, n=report.candidates))
