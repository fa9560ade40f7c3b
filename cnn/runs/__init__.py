"""A run: the folder in which a training writes down what happens."""

from cnn.runs.configuration import TrainingConfig
from cnn.runs.run import ACTIVE, ID, Note, Run, Status, create, facts, find

__all__ = ["ACTIVE", "ID", "Note", "Run", "Status", "TrainingConfig", "create", "facts", "find"]
