"""Files that belong to what was given: photos, and evidence of wipes (nodes.wiping). They lie in FILES_DIR; a row of StoredFile says which ones are ours.

models: StoredFile, Photo. file_store: keep, open, drop and sweep files. photo_bytes: read a photo and write it anew, without metadata. photos: the photos
of an offer or a computer.
"""
