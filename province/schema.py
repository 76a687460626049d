"""The JSON Schema by which editors check `stacks/province.yaml` as it is typed.

`python -m province.schema > stacks/province.schema.json` renews the committed copy.
"""

from __future__ import annotations

import json
import sys

from province.province import Province

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> str:
    """The schema as JSON text, ending in a newline. Equal models give equal text."""
    document = {"$schema": DIALECT, **Province.model_json_schema(by_alias=True)}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema())
