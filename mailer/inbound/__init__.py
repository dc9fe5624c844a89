"""What arrived?

Read in this order: imap (the door to the server), cursor (what of a folder we have), watch (one owner per mailbox),
receive (raw first, then a Message once), parse (bytes become values), automated, quote, thread.
Leaves RawMail `received` or `quarantined`, and Messages `received` (for triage) or `automated`.
"""
