"""Which pixels, or cells of a layer, made a number of the network: methods, and the laws they keep."""
