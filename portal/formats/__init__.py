"""The formats of dates, one module for each language (Django's FORMAT_MODULE_PATH): pages, mails and subjects say them alike."""
