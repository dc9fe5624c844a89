"""What does it want, about which order?

Read in this order: triage (the verb), known and match (the database), reading (language, entities, tracking, details),
classifier (the protocol), phrases (the shipped one) with learned, patterns, circumstance and mood; lexicon, tokens and
features below them; learn (a person's word) and learning (from phrases to weights).
Takes Messages `received` with the route triage; leaves them `triaged`, each with a Classification.
"""
