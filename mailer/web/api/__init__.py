"""What does the shop's own system tell us?"""
