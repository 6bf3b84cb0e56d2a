"""The API's description as a plain page: no script, nothing from another server."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 14px/1.4 ui-monospace, monospace; }
pre { overflow: auto; padding: .75rem; border: 1px solid; border-radius: .5rem; }
section { border-top: 1px solid; margin-top: 1.5rem; }
td, th { text-align: left; vertical-align: top; padding: .25rem 1rem .25rem 0; }
"""


def page(schema: Mapping[str, Any]) -> str:
    """Return the page for an OpenAPI schema."""
    title = escape(schema["info"]["title"])
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<link rel="stylesheet" href="/docs/style.css"></head><body><main>',
            f"<h1>{title}</h1><p>{escape(schema['info'].get('description', ''))}</p>",
            '<p>The same for programs: <a href="/openapi.json">openapi.json</a>.</p>',
            *_routes(schema),
            "</main></body></html>",
        ]
    )


def _routes(schema: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in schema["paths"].items():
        for method, route in methods.items():
            yield f"<section><h2><code>{method.upper()} {escape(path)}</code></h2>"
            yield f"<p>{escape(route.get('description') or route.get('summary', ''))}</p>"
            if parameters := route.get("parameters"):
                yield "<table><tr><th>Parameter</th><th>In</th><th>What</th></tr>"
                for one in parameters:
                    about = {k: v for k, v in one["schema"].items() if k != "title"}
                    yield (
                        f"<tr><td><code>{escape(one['name'])}</code></td><td>{one['in']}</td>"
                        f"<td>{escape(one.get('description', ''))} "
                        f"<code>{escape(json.dumps(about, ensure_ascii=False))}</code></td></tr>"
                    )
                yield "</table>"
            if body := route.get("requestBody"):
                yield f"<h3>Body</h3>{_shape(body, schema)}"
            if "application/json" in route["responses"].get("200", {}).get("content", {}):
                yield f"<h3>Answer</h3>{_shape(route['responses']['200'], schema)}"
            statuses = ", ".join(code for code in route["responses"] if code != "200")
            yield f"<p>Other answers: {statuses}.</p></section>"


def _shape(part: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    shape = part["content"]["application/json"]["schema"]
    name = str(shape.get("$ref", "")).rpartition("/")[2]
    shape = schema["components"]["schemas"].get(name, shape)
    return f"<pre>{escape(json.dumps(shape, ensure_ascii=False, indent=2))}</pre>"
