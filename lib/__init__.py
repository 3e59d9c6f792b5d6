"""What two apps need and no domain: notes, state moves, claims, the doorbell. Never knows a machine or a person."""
