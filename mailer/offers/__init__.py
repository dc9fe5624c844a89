"""What we give: coupons, each once, and what makes good for a delay, within measure."""
