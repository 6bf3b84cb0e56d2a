"""What runs the project elsewhere says nothing that is not there.

No Docker is needed, so no image is built here: the files are read, and Prefect's server is asked.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import prefect.settings
import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL
from prefect.settings import Settings as PrefectSettings

from tests.support.surroundings import variables

ROOT = Path(__file__).parents[1]
DEPLOYMENTS = ROOT / "deployments"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOYMENTS / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
POOLS = ["process", "docker", "kubernetes"]

each_service = pytest.mark.parametrize("name", SERVICES)
each_of_ours = pytest.mark.parametrize("name", OURS)


def is_setting(name: str) -> bool:
    """Say whether we or Prefect read this variable."""
    return name in variables() or hasattr(prefect.settings, name)


def prefects(*arguments: str) -> str:
    """Run Prefect's command, which has to end well, and return what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
        env={**os.environ, "PREFECT_API_URL": str(PREFECT_API_URL.value())}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        timeout=90,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@each_of_ours
def test_every_setting_of_a_container_exists(name: str) -> None:
    given = OURS[name].get("environment", {})
    assert [key for key in given if not is_setting(key)] == []


@each_service
def test_secrets_come_from_outside_and_ports_stay_inside(name: str) -> None:
    service = SERVICES[name]
    for key, value in service.get("environment", {}).items():
        if re.search("PASSWORD|SECRET|TOKEN", key):
            assert value.startswith("${")
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert not service.get("privileged")


@each_service
def test_what_a_container_mounts_and_waits_for_exists(name: str) -> None:
    service = SERVICES[name]
    for mount in service.get("volumes", ()):
        source = mount.split(":")[0]
        assert (DEPLOYMENTS / source).exists() if source[0] == "." else source in COMPOSE["volumes"]
    for other, how in service.get("depends_on", {}).items():
        waits_for_health = how["condition"] == "service_healthy"
        assert waits_for_health == ("healthcheck" in SERVICES[other])
    assert "healthcheck" in service or not service.get("ports")


@each_of_ours
def test_the_programs_of_a_container_exist(name: str) -> None:
    commands = [OURS[name]["command"]]
    if check := OURS[name].get("healthcheck"):
        commands.append(check["test"][1:])
    for command in commands:
        line = " ".join(command).removeprefix("sh -c ")
        for program, first, second in re.findall(r"(python|prefect) (\S+) (\S*)", f"{line} "):
            if program == "python":
                what = ROOT / (second if first == "-m" else first)
                assert what.exists(), line
            elif first != "--no-prompt":
                options = set(re.findall(r"(?<= )--[a-z-]+", line))
                assert options <= set(re.findall(r"--[a-z-]+", prefects(first, second, "--help")))


def test_prefects_server_gets_the_address_of_its_database(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = SERVICES["prefect"]["environment"]
    for key in [key for key in os.environ if key.startswith("PREFECT_SERVER_DATABASE")]:
        monkeypatch.delenv(key)
    for key in [key for key in environment if key.startswith("PREFECT_SERVER_DATABASE")]:
        monkeypatch.setenv(key, environment[key])
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_USER", "cv")
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_PASSWORD", "p@ss/word")  # needs quoting in an URL
    address = PrefectSettings().server.database.connection_url
    assert address
    assert (
        address.get_secret_value() == "postgresql+asyncpg://cv:p%40ss%2Fword@postgres:5432/prefect"
    )
    databases = (DEPLOYMENTS / "postgres-init.sql").read_text()
    assert "CREATE DATABASE prefect;" in databases


def test_the_image_is_made_of_files_that_exist_and_holds_no_secret() -> None:
    text = (DEPLOYMENTS / "Dockerfile").read_text()
    for source in re.findall(r"^COPY (\S+) ", text, re.MULTILINE):
        assert (ROOT / source).exists()
    assert re.search(r"^USER (?!root)", text, re.MULTILINE)
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert rules[1] == "*"  # nothing goes in that is not named
    named = [rule[1:] for rule in rules if rule.startswith("!")]
    assert all((ROOT / path).exists() for path in named)
    packages = {
        "dashboard",
        "flows",
        "tasks",
        "words",
        "pyproject.toml",
        "constraints.txt",
        "prefect.yaml",
    }
    assert packages <= set(named)


@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize("kind", POOLS)
def test_the_work_pool_templates_are_taken_by_prefect(kind: str) -> None:
    template = DEPLOYMENTS / "pools" / f"{kind}.json"
    prefects("work-pool", "create", f"ours-{kind}", "--type", kind, "--overwrite",
            "--base-job-template", str(template))  # fmt: skip
    with get_client(sync_client=True) as client:
        pool = client.read_work_pool(f"ours-{kind}")
        client.delete_work_pool(pool.name)
    ours = json.loads(template.read_text())
    assert (pool.type, pool.base_job_template) == (kind, ours)

    theirs = json.loads(prefects("work-pool", "get-default-base-job-template", "--type", kind))
    unsaid = {"command"} if kind == "process" else set()  # or a caller could run any here
    assert set(theirs["variables"]["properties"]) - unsaid <= set(ours["variables"]["properties"])
    assert not unsaid & set(ours["variables"]["properties"])
    assert set(theirs["job_configuration"]) == set(ours["job_configuration"])
    used = set(re.findall(r"{{ (\w+) }}", json.dumps(ours["job_configuration"])))
    assert used == set(ours["variables"]["properties"])
    assert all(map(is_setting, ours["variables"]["properties"]["env"].get("default", ())))
