"""The schemas of what is written down and of the API, made from the types that say it.

    python docs/schema/make.py

Run it (``make schema``) after a change of ``Decision``, ``JobRecord``, ``Job`` or the bodies of
the API; a test compares.
"""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from pydantic import TypeAdapter

from docs.schema.page_types import page_types
from tasks.jobs import Job
from tasks.ledger import Decision, JobRecord

FOLDER = Path(__file__).parent
TYPES = FOLDER.parents[1] / "dashboard" / "static" / "js" / "types.js"


def schemas() -> dict[str, str]:
    """Return the text of each schema by the name of its file."""
    decision = _schema(Decision, "A row of decisions.jsonl")
    # Each measure is a key of its own.
    decision["additionalProperties"] = decision["properties"].pop("measures")[
        "additionalProperties"
    ]
    decision["required"].remove("measures")
    made = {
        "decision.json": decision,
        "job_record.json": _schema(JobRecord, "What job.json says"),
        "job.json": _schema(Job, "A row of the table jobs, without its log"),
    }
    return {
        name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in made.items()
    }


def _schema(kind: type, title: str) -> dict[str, Any]:
    made = TypeAdapter(kind).json_schema(mode="serialization")
    for part in (made, *made.get("$defs", {}).values()):
        if "properties" in part:  # every key is written, also where there is a default
            part["required"] = list(part["properties"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": title}


if __name__ == "__main__":
    for name, text in schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    TYPES.write_text(page_types(), encoding="utf-8")
