"""`cnn-dashboard import`: checkpoints become a run that the server shows."""

import keras
from keras import layers
from typer.testing import CliRunner

from dashboard.cli import app
from dashboard.runtime.catalogue import Catalogue
from dashboard.settings import Settings


def test_checkpoints_become_a_run_that_the_server_shows(tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 1)), layers.Conv2D(2, 3), layers.Flatten()])
    folder, home = tmp_path / "my checkpoints", tmp_path / "home"
    folder.mkdir()
    model.save(tmp_path / "net.keras")
    for epoch in (1, 2):
        model.save_weights(folder / f"epoch{epoch}.weights.h5")
    model.save_weights(folder / "best.weights.h5")
    curves = tmp_path / "log.csv"
    curves.write_text("epoch,loss\n0,2\n1,1\n")
    words = [
        "import",
        folder,
        "--model",
        tmp_path / "net.keras",
        "--history",
        curves,
        "--home",
        home,
    ]
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0
    assert "do: best.weights.h5." in done.output
    assert "my-checkpoints has 2 moments, from “after epoch 1” to “after epoch 2”" in done.output
    entries, _ = Catalogue(Settings(home=home, download=False)).menu()
    assert "trained my-checkpoints" in [entry.name for entry in entries]
