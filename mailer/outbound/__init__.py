"""May it go, did it get there?

Read in this order: compose (the bytes), outbox (a delivery is born with its business change), guard (may it go?),
smtp (the door to the relay), deliver (the four transactions), retry (when to try again), unknown (what nobody knows).
Takes Deliveries `undoable` and `queued`; leaves them `sent`, `failed`, `withheld`, `expired` or `unknown`.
"""
