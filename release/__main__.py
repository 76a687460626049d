"""`python -m release`: what the launcher `./suyun` hands over to."""

from __future__ import annotations

from release.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
