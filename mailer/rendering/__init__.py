"""How does it read, and on which facts?

Read in this order: facts (values with source and time, and their fingerprint), catalog (which file in which
language), environment (the door to jinja2), context (facts as a template sees them), render, check.
"""
