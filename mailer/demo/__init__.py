"""What does it look like when it works?

A whole made-up shop in one process: mail server, orders, customers who write and answer, and, when nobody is there to
approve, an agent. Read in this order: run, servers (the mail server), shop and people (orders and who has them), deck
(what is written next), texts, letters, paper and customers (who writes, what, and how it looks on the wire), agent (who
approves), report and outcome (what came of it, counted from outside).
"""
