"""Tests, found by pytest under their source's path; helpers are imported as `tests.…`."""
