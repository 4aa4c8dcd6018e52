"""Parts of `make bench-latency`: from a print on the wire to the order that answers it."""
