"""Who asks over HTTP?

Two applications on two listeners. The console is for people: agents decide here, marketers look. The public one is for
the shop's systems, and answers 404 to everything of the console.

Read in this order: server (both applications), security (what every request and answer goes through), auth (who is
this?) with passwords and throttle, tokens (which system is this?), desk (what a route stands on, and who may use it),
problems (errors as pages), pages (HTML), then console/ (queue, item, one file per resource that a decision creates),
api/orders, public/. Rows of agents, sessions, links and tokens are made here; everything else by the rooms below.
"""
