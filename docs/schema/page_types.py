"""The types of the API's answers for the page's JavaScript, made from the API's own schema.

``make.py`` writes them to ``dashboard/static/js/types.js``.
"""

import json
from typing import Any

from dashboard.app import create_app

# The schemas that the page uses, by the names it has for them.
NAMES = {
    "Job": "JobInList",
    "Decision": "ShownDecision",
    "DecisionPage": "Decisions",
    "Options": "Form",
    "Runner": "LauncherInfo",
    "Overview": "Overview",
    "Vocabulary": "Vocabulary",
}
HEAD = """/**
 * The types of the API's answers, made from its schema by `make schema`: do not edit.
 * The API describes itself at /docs.
 */
"""


def page_types() -> str:
    """Return the text of types.js."""
    schemas: dict[str, Any] = create_app().openapi()["components"]["schemas"]
    names = {schema: name for name, schema in NAMES.items()}
    wanted, found = list(NAMES.values()), dict[str, str]()
    while wanted:
        schema = wanted.pop()
        if schema not in found:
            used: list[str] = []
            found[schema] = _type(schemas[schema], names, used, indent="")
            wanted += used
    typedefs = sorted((names.get(schema, schema), text) for schema, text in found.items())
    return (
        HEAD
        + "".join(f"\n/** @typedef {{{text}}} {name} */\n" for name, text in typedefs)
        + "\nexport {};\n"
    )


def _type(schema: dict[str, Any], names: dict[str, str], used: list[str], indent: str) -> str:
    """Return a schema as TypeScript writes it; add the schemas that it refers to to ``used``."""

    def inner(part: dict[str, Any]) -> str:
        return _type(part, names, used, indent)

    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        used.append(name)
        return names.get(name, name)
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(map(json.dumps, schema["enum"]))
    if parts := schema.get("anyOf"):
        return " | ".join(map(inner, parts))
    if schema.get("type") == "array":
        item = inner(schema["items"])
        return f"({item})[]" if " | " in item else f"{item}[]"
    if properties := schema.get("properties"):
        # All are there, also those with a default: it is the server that writes them.
        lines = [f"{key}: {inner(part)};" for key, part in properties.items()]
        if schema.get("additionalProperties") is True:
            lines.append("[other: string]: any;")
        return "{\n" + "".join(f" *   {line}\n" for line in lines) + " * }"
    if schema.get("type") == "object":
        others = schema.get("additionalProperties")
        value = inner(others) if isinstance(others, dict) and others else "any"
        return f"Record<string, {value}>"
    plain = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}
    return plain.get(schema.get("type", ""), "null" if schema.get("type") == "null" else "any")
