"""The forms of the pages. A form reads what was typed; the actions decide what is allowed."""
