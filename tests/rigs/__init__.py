"""Real servers and a real `mailer run`, held by the hand of a test.

`dovecot` and `postfix` are the servers, `wire` and `relay` stand between them and the daemon and misbehave when told,
`shop` is a folder as a new user makes it, `daemon` the `mailer run` in it, `letters` is what its customers write.
"""
