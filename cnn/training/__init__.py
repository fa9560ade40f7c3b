"""How a run is trained, recorded and resumed."""

from cnn.training.loop import Event, accuracy, train, work_on

__all__ = ["Event", "accuracy", "train", "work_on"]
