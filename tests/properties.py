"""How far quick tests look for a counterexample; `make bench` looks further, as everywhere."""

from __future__ import annotations

from hypothesis import settings

FEW = settings(max_examples=max(20, settings().max_examples // 4))
