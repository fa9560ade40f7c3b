"""`python -m dashboard` is `cnn-dashboard`."""

from dashboard.cli import main

main()
