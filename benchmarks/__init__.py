"""The speed figures of the README, each beside a yardstick measured in the same run."""
