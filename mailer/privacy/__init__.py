"""What do we keep of a customer, how do they get it, and how do we forget it?

Read first: belongings (every row that speaks of one customer), export (a ZIP of all of it), erase (what is blanked and
what stays for the statistics), retention (old conversations are forgotten by their intent).
"""
