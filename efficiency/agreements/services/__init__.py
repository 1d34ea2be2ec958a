"""The only writers of agreements and of what follows from them."""
