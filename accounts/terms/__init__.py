"""The terms of use: their versions, and who has accepted which. Owns Terms and TermsAcceptance; never decides who may set them."""
