"""The whole as administrators see it: facts from rows, what needs a hand, figures, charts; and the counts that the worker keeps for them."""
