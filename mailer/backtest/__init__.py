"""What would Mailer have answered to the mails of the last months, and what did people answer?

Nothing is changed anywhere: the mailbox is only looked at, the shop's database only read, and all that would be written
goes to a database in memory that is thrown away. Read in this order: run, history (the mailbox), rehearsal (the rest).
"""
