"""Is it well?

Read in this order: check (everything that can be tested before the first mail), status (how it stands now).
"""
