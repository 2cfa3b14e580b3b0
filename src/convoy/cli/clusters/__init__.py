"""The embedded clusters that `convoy up` starts: what is remembered, and who holds them."""
