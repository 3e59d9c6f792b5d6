"""The pages, one module for each noun. A view finds the row for this person, calls one action or query, and renders or redirects."""
