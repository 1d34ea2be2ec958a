"""Cases: an enterprise asks, offices review against the clock, a decision takes effect."""
