"""What happened in the shop?

Read in this order: source (an order as a shop tells it), vocabulary (the carriers' words, and which of two is the
later state), ingest (the verb: an order becomes rows and Events, once), parcels (its shipments and their scans),
table (a CSV file as lines), sources (one file for each form in which orders come), product_table and products (what
the shop sells, from a file to rows).

Takes payloads and files; leaves Order, OrderLine, Shipment, Scan and Product rows, and the Events `order.placed`,
`order.canceled`, `shipment.shipped`, `shipment.canceled` and `shipment.` with each state that a carrier told of.
A shipment goes on from `label` by its scans until it is `delivered`.
"""
