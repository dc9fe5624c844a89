"""What arrived?

Read in this order: imap (the door to the server), folder (what we ask of it), patience, oauth, fetch (no mail stops the
others), cursor and ledger (what of a folder we have), reconcile, sent, tidy, watch (one owner per mailbox),
receive (raw first, then a Message once), child (reads hostile mail within limits), parse (bytes become values), walk,
body, headers, charset, html, authenticity, automated, quote, thread,
join;
then what people do: quarantine, merge.
Leaves RawMail `received`, `quarantined` or `gone`, and Messages `received` (for triage), `automated` or `filed`.
"""
