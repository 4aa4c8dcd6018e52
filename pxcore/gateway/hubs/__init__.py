"""ProjectX by its two SignalR hubs, kept connected."""
