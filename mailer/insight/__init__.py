"""How are we doing, and what was said? Everything here reads: search over all mails, and one customer's whole story.

Read first: words (a text becomes terms), entry (the terms of one mail), query (what somebody typed becomes clauses of
terms), engine (the same terms in FTS5 and in tsvector), index (the loop), search (the answer), timeline.
"""
