"""A list of given computers, as a spreadsheet has it, brought into the ledger.

inventory_csv: read it. inventory_import: say what each line does, and do it.
"""
