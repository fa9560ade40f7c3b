"""How far a map can be trusted, by measures that are told apart and never added up."""
