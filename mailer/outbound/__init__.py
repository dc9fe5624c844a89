"""May it go, did it get there?

Read in this order: compose and proofread (the bytes, and what they must be), outbox (a delivery is born with its
business change), canary, hourly and catch_up (may flows send now, and how many?), guard (may it go?), hold (stops that
people put), pace and circuit (how fast, and does the relay bear us?) with relays (the same as rows), smtp (the door to
the relay), outcome (what its answers mean), deliver (the four transactions), settle (what that means for a
conversation), retry (when to try again), unknown (what nobody knows), intervene and view (what a person sees and
does), jump (when nothing may leave). What comes back: bounce, complaint, suppress. Takes Deliveries `undoable` and
`queued`; leaves them `sent`, `failed`, `withheld`, `held`, `expired` or `unknown`.
"""
