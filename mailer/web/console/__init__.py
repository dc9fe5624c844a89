"""What does an agent see, and what may they decide?

Read in this order: queue (what waits), item (one conversation), then one file for each kind of decision: drafts,
deliveries, replies, wishes, regroupings. `words` says states as sentences, `forms` reads what a browser sends.
"""
