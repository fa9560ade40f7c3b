"""The server: application factory, command line, settings, shell and the state in the URL."""

import os

# TensorFlow tells at length which processor it found; of its messages only errors are for the log.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
