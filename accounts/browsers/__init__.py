"""The browsers in which people are signed in. Django's session is what lets in; a row here says where it is used."""
