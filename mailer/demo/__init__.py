"""What does it look like when it works?

A whole made-up shop in one process: mail server, orders, customers who write and answer, and, when nobody is there to
approve, an agent. Read in this order: run, servers (the mail server), shop (orders), letters and customers (who
writes), agent (who approves), report (what came of it, counted from outside).
"""
