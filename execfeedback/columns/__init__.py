"""What the columns of a dataset's row mean: which hold tests, in which form, and what else a verify item needs."""
