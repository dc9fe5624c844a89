"""What does it look like when it works?

A whole made-up shop in one process: mail server, orders, customers who write and answer, and, when nobody is there to
approve, an agent. Read in this order: run, servers (the mail server), shop and people (orders and who has them), deck
(what is written next), texts, letters, paper and customers (who writes, what, and how it looks on the wire), agent
(who approves), report and outcome (what came of it, counted from outside).

Where somebody sits at the screen: past (the four weeks before, lived through by the steps of the daemon on a clock of
its own), colleague (an agent who works beside them) and marketer (texts published, drafted and compared).

Beside them runs a story, faster than the clock: plot (what happens to buyers' orders and parcels, as webhooks), browser
(how they reach us), buyers (what they do with the mails of flows), scanner (who opens every link), rules (what flows
did, and whether they kept their rules).
"""
