"""What does it want, about which order?

Read in this order: triage (the verb), classifier (the protocol), phrases (the shipped one), entities, match.
Takes Messages `received` with the route triage; leaves them `triaged`, each with a Classification.
"""
