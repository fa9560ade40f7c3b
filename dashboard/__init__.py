"""The server: application factory, command line, settings, shell and the state in the URL."""
