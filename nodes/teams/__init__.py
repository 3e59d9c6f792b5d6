"""Teams: people who see, with their own accounts, what their organisation gave. The donor's row stays whose address it has."""
