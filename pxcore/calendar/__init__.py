"""Trading hours, holidays, expiry: CME equity-index futures in Chicago time."""
