"""What do we answer, who agreed, by when?

Read in this order: draft (a waiting conversation gets its draft), case (what waits in it), asked, places, sender,
policy (which answer), authorise (may this sender hear of the order, or change it?), clocks, due, explain, refunds (by
when), holding (a person is late), refresh (facts or templates changed), queue (what people see), approve.
Takes conversations `needs_answer`; leaves them `drafted` with a Draft `pending`, `needs_person` or `closed`; an
approval leaves an outgoing Message with its Delivery.
"""
