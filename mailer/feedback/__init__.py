"""What do customers tell us by our links? Ratings, reviews, choices, returns, and that they want no more of a kind.

Read `survey`, then `matter` (what a person has to look at), `review`, `choice`, `unsubscribe`, and `returns` with its
rule in `eligibility`. `robots` tells machines that open links apart; `photo` is the only door to pictures; `by_mail`
takes what comes as a mail. The pages are in web/public, the links in mailer/links.py.

Looking at a link writes a LinkVisit and nothing else. A ReturnRequest goes REQUESTED (a person is to decide) ->
AGREED (it may come back, or is kept) -> RECEIVED -> SETTLED; a kept one is settled right after AGREED; REFUSED ends it.
"""
