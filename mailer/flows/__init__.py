"""Who is written to by ourselves, when, and why not?

Read in this order: definition (what a flow is), form, parse (its file, with every mistake at once), events (what flows
can hear of), condition and values (what their conditions read), timing (when a step is due), decide (what becomes of a
step: the order of the questions is the policy), simulate (one order moved through days, without a database), check
(files and their own cases). Then what acts on rows: files (the texts in service), enroll, passing and answers (what an
Event begins, ends and wakes), subjects and situation (what a decision rests on), verdict, mail (what it says), advance,
queueing, record, release, explain (`mailer why`).
Takes Events; leaves Enrollments `active`, `paused`, `finished` or `exited`, and for each step that is decided one
FlowStep: `queued` with its Delivery, `batched`, `skipped`, `in_conversation` or `again`.
"""
