"""What teachers prepare: templates of machines. Never starts a machine by itself."""
