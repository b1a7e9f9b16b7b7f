"""Train the model in ten epochs. Whatever ends the process, the next one goes on after the last epoch."""

from __future__ import annotations

from typing import Any

from bunsui_checkpoint import load, save
from features.calls import count
from features.container import read_input, write_output
from features.files import read
from features.files import save as save_rows
from features.model import NAMES, epoch

EPOCHS = 10


def main() -> None:
    """Read the rows, write the model."""
    count("train")
    task = read_input()
    rows = read(task["rows"])
    done: dict[str, Any] = load("model") or {"epochs": 0, "weights": [0.0] * (len(NAMES) + 1)}
    for number in range(done["epochs"] + 1, EPOCHS + 1):
        weights = epoch(done["weights"], rows, task["lr"])
        done = {"epochs": number, "weights": weights}
        save("model", done)
        count(str(number), "epochs.log")
        print(f"epoch {number}: {[round(weight, 3) for weight in weights]}")
    write_output({"model": save_rows("model", [{"weights": done["weights"]}])})


if __name__ == "__main__":
    main()
