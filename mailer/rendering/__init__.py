"""How does it read, and on which facts?

Read in this order: fact (a value with source and time), facts (all that is known of a subject; order_facts,
shipment_facts and shop_facts make them, compensation and parcel_routes say what is offered and usual, hosts where
links may lead, where says how a missing one can be had), front and catalog (which file in which language), locales
(dates and money), environment (the door to jinja2), context (facts as a template sees them), page (one template and its
facts), render (one reply), inline and plain and lifecycle (one mail of a flow: styles, text, all of it), known and
trial and check and check_lifecycle and policy (fit to be sent?), tone (how it sounds).
"""
