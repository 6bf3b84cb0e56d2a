"""The copy of the code that a worker runs: the one that is installed where the worker is.

``prefect.yaml`` has this as its pull step. Without one, Prefect would have every worker look for
the code in the folder that the deployments were registered from.
"""

import os

from tasks.settings import PROJECT_DIR


def use_installed_code() -> dict[str, str]:
    """Make the project's folder the working directory, and return it."""
    os.chdir(PROJECT_DIR)
    return {"directory": str(PROJECT_DIR)}
