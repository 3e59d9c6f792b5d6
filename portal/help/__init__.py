"""Help in the portal: pages of docs/ as HTML in the portal's frame, in the reader's language, and a search over their sections.

`contents` lists the pages, `documents` reads and renders them, `search` finds sections. All is read once in each process;
nothing here asks the database.
"""
