"""Prefect's own log lines, kept off the console; they stay in Prefect."""

import logging

from prefect.logging.handlers import PrefectConsoleHandler


def quiet_prefect() -> None:
    """Take Prefect's log lines off the console of this process."""
    names = [name for name in logging.root.manager.loggerDict if name.startswith("prefect")]
    for logger in (logging.root, *map(logging.getLogger, names)):
        for handler in logger.handlers[:]:
            if isinstance(handler, PrefectConsoleHandler):
                logger.removeHandler(handler)
                logger.addHandler(logging.NullHandler())  # without any, Python prints warnings
