"""How each kind of layer computes one number: a rule per kind, a module per family.

A rule takes a `Cell` and returns the `Derivation` of its number, or None where it does not know the
layer's setting. The few forms that a derivation can have are those of `forms`.
"""
