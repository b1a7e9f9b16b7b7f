"""The example's own work: its totals are right for any file, and its faults do what they say."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bunsui.core.pipeline import load_pipeline
from tests.integration.examples.in_order import JobFailed, run_in_order

HEADER = "tpep_pickup_datetime,PULocationID,DOLocationID,fare_amount"
ZONES = "LocationID,zone,borough\n1,One,A\n2,Two,B\n2,Zwei,C\n"


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "taxi_month"
    shutil.copytree(
        root / "examples" / "taxi_month", copy, ignore=shutil.ignore_patterns("out", "__pycache__")
    )
    return copy


def totals_of(project: Path, **params: str) -> dict[str, Any]:
    output, _ = run_in_order(project, **params)
    assert isinstance(output, dict)
    path = Path(str(output["totals"]))
    assert path.is_absolute()
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result


def totals_of_text(project: Path, trips: str, zones: str = ZONES) -> dict[str, Any]:
    (project / "trips.csv").write_text(trips, encoding="utf-8")
    (project / "zones.csv").write_text(zones, encoding="utf-8")
    return totals_of(project, month="2019-03", source="trips.csv", zones="zones.csv")


def fault(project: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "faults.py", *arguments], cwd=project, check=True)


def expected(trips: Path, zones: Path, month: str) -> dict[str, Any]:
    """The totals, computed another way: by plain loops over the whole table."""
    names: dict[int, tuple[str, str]] = {}
    for row in csv.DictReader(zones.read_text(encoding="utf-8").splitlines()):
        names.setdefault(int(row["LocationID"]), (row["zone"], row["borough"]))
    rejected = dict.fromkeys(("outside_month", "unknown_zone", "bad_fare"), 0)
    by_zone: dict[int, list[Decimal]] = defaultdict(list)
    by_hour: dict[int, list[Decimal]] = defaultdict(list)
    for row in csv.DictReader(trips.read_text(encoding="utf-8").splitlines()):
        if row["tpep_pickup_datetime"][:7] != month:
            rejected["outside_month"] += 1
        elif not {row["PULocationID"], row["DOLocationID"]} <= {str(key) for key in names}:
            rejected["unknown_zone"] += 1
        elif Decimal(row["fare_amount"]) <= 0:
            rejected["bad_fare"] += 1
        else:
            by_zone[int(row["PULocationID"])].append(Decimal(row["fare_amount"]))
            by_hour[int(row["tpep_pickup_datetime"][11:13])].append(Decimal(row["fare_amount"]))
    return {
        "month": month,
        "trips": sum(map(len, by_hour.values())),
        "fare_amount": str(sum(fare for fares in by_hour.values() for fare in fares)),
        "rejected": rejected,
        "by_zone": [
            {"location_id": key, "zone": names[key][0], "borough": names[key][1], **_sum(by_zone[key])}
            for key in sorted(by_zone)
        ],
        "by_hour": [{"hour": hour, **_sum(by_hour[hour])} for hour in sorted(by_hour)],
    }


def _sum(fares: list[Decimal]) -> dict[str, Any]:
    return {"trips": len(fares), "fare_amount": str(sum(fares))}


def test_real_trips_of_the_city(project: Path, shared: Path) -> None:
    trips, zones = shared / "data" / "taxi-trips.csv", shared / "data" / "taxi-zones.csv"
    found = totals_of(project, month="2019-03", source=str(trips), zones=str(zones))
    assert found == expected(trips, zones, "2019-03")
    assert found["trips"] + sum(found["rejected"].values()) == 6500


@pytest.mark.parametrize("month", ["2019-01", "2019-02", "2019-03"])
def test_trips_that_come_with_the_example(project: Path, month: str) -> None:
    assert totals_of(project, month=month) == expected(
        project / "data/trips.csv", project / "data/zones.csv", month
    )


def test_data_are_what_the_generator_makes(project: Path) -> None:
    before = [(project / "data" / name).read_bytes() for name in ("trips.csv", "zones.csv")]
    subprocess.run([sys.executable, "data/generate.py"], cwd=project, check=True)
    assert [(project / "data" / name).read_bytes() for name in ("trips.csv", "zones.csv")] == before


def test_first_reason_counts(project: Path) -> None:
    rows = [
        "2019-02-28 23:59:59,9,9,0",
        "2019-03-01 00:00:00,9,1,0",
        "2019-03-31 23:59:59,1,,-1",
        "2019-03-05 10:00:00,1,1,0",
    ]
    found = totals_of_text(project, "\n".join([HEADER, *rows]))
    assert found["rejected"] == {"outside_month": 1, "unknown_zone": 2, "bad_fare": 1}
    assert (found["trips"], found["fare_amount"], found["by_zone"], found["by_hour"]) == (0, "0", [], [])


def test_broken_fields_are_rejected(project: Path) -> None:
    times = ["not a time,1,1,5", ",1,1,5"]
    fields = ["one,1,5", "1,2.5,5", "1,1,free", "1,1,NaN", "1,1,", "1,1", "1,1,1E+99999"]
    rows = [*times, *(f"2019-03-05 10:00:00,{field}" for field in fields), "2019-03-05 10:00:00,1.0,2,5.10"]
    found = totals_of_text(project, "\n".join([HEADER, *rows]))
    assert found["rejected"] == {"outside_month": 2, "unknown_zone": 2, "bad_fare": 5}
    assert found["by_zone"] == [
        {"location_id": 1, "zone": "One", "borough": "A", "trips": 1, "fare_amount": "5.10"}
    ]


def test_green_cabs_and_columns_in_any_order(project: Path) -> None:
    zones = 'borough,zone,LocationID\nA,"One, and more",1\n'
    found = totals_of_text(
        project,
        "fare_amount, DOLocationID,lpep_pickup_datetime,PULocationID\n0.1,1,2019-03-05 10:00:00,1\n",
        zones,
    )
    assert found["by_zone"] == [
        {"location_id": 1, "zone": "One, and more", "borough": "A", "trips": 1, "fare_amount": "0.1"}
    ]
    assert found["by_hour"] == [{"hour": 10, "trips": 1, "fare_amount": "0.1"}]


def test_fares_are_exact(project: Path) -> None:
    rows = ["2019-03-05 10:00:00,1,2,0.1"] * 10 + ["2019-03-05 11:00:00,2,2,12345678901234567.89"]
    found = totals_of_text(project, "\n".join([HEADER, *rows]))
    assert found["fare_amount"] == "12345678901234568.89"
    assert found["by_zone"][1]["zone"] == "Two"


def test_working_again_changes_nothing(project: Path) -> None:
    first = run_in_order(project)
    before = digests(project)
    assert run_in_order(project) == first
    assert digests(project) == before


def digests(project: Path) -> dict[str, str]:
    files = sorted(path for path in (project / "out").iterdir() if path.name != "calls.log")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_every_call_is_counted(project: Path) -> None:
    run_in_order(project)
    calls = (project / "out" / "calls.log").read_text(encoding="utf-8").split()
    assert sorted(calls) == sorted(load_pipeline(project).pipeline.jobs)


def test_faults_leave_no_trace(project: Path) -> None:
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    for name in ("memory", "lost-rows", "unavailable", "new-column"):
        fault(project, "apply", name)
        load_pipeline(project)
    assert any(path.read_bytes() != content for path, content in before.items())
    fault(project, "clear")
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


def test_lost_rows_fail_quality(project: Path) -> None:
    fault(project, "apply", "lost-rows")
    with pytest.raises(JobFailed, match="QualityError: 900 rows fetched") as caught:
        run_in_order(project)
    assert caught.value.job == "quality"


def test_unavailable_three_times(project: Path) -> None:
    fault(project, "apply", "unavailable")
    for _ in range(3):
        with pytest.raises(JobFailed, match="503 Service Unavailable"):
            run_in_order(project)
    run_in_order(project)


def test_unavailable_in_february_only(project: Path) -> None:
    fault(project, "apply", "unavailable-february")
    run_in_order(project, month="2019-01")
    with pytest.raises(JobFailed, match="503 Service Unavailable"):
        run_in_order(project, month="2019-02")


def test_new_column(project: Path) -> None:
    before = totals_of(project)
    fault(project, "apply", "new-column")
    after = totals_of(project)
    assert [set(row) for row in after["by_hour"]] == [{"hour", "trips", "fare_amount", "average_fare"}] * len(
        after["by_hour"]
    )
    assert {**after, "by_hour": before["by_hour"]} == before
