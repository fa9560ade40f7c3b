"""The parts of the Training page: list, curves, form and dialogs."""
