"""Settings, addresses and entry points; wires every other package and is imported by none of them."""
