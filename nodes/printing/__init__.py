"""Printed pages as PDF: labels for computers, receipts for donors. Words are in the active language; who may read them the portal decides.

fonts: the one family, with all of Latin. page_furniture: an A4 page with a head, a foot and a story between. qr_drawing: QR codes as
vectors. labels, receipts, certificate_pdf: what is printed. Each returns the bytes of a PDF and reads no request.
"""
