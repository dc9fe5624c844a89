"""What do we answer, who agreed, by when?

Read in this order: draft (a waiting conversation gets its draft), policy (which answer), authorise (may this sender
hear of the order?), due (by when), refresh (the order changed), queue (what people see), approve (what people decide).
Takes conversations `needs_answer`; leaves them `drafted` with a Draft `pending`, `needs_person` or `closed`; an
approval leaves an outgoing Message with its Delivery.
"""
