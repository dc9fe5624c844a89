"""What happened in the shop?

Read in this order: source (an order as a shop tells it), vocabulary (the carriers' words, and which of two is the
later state), ingest (the verb: an order becomes rows and Events, once), parcels (its shipments and their scans),
table (a CSV file as lines), sources (one file for each form in which orders come), product_table and products (what
the shop sells, from a file to rows). Then what is late: alarms (which alarm rings when), delay (an alarm becomes an
Incident, once for each cause), incidents (what a person sees and does), routes (how long parcels take). Then what
other systems tell by themselves: hook (a webhook and the facts in it), hooks (kept raw at the door, read by a loop),
tracking (a parcel told of apart from its order), waiting (what was told before its order), refunds, deliveries (what
did not become rows, with the reason).

Takes payloads and files; leaves Order, OrderLine, Shipment, Scan and Product rows, and the Events `order.placed`,
`order.canceled`, `shipment.shipped`, `shipment.canceled` and `shipment.` with each state that a carrier told of.
`delay.opened` and `delay.settled` tell of Incidents: one is `open` until its parcel moves on or arrives, its order is
canceled or refunded, or a person settles it. A shipment goes on from `label` by its scans until it is `delivered`.
"""
