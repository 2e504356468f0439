"""The filter: small rules, each of which finds one kind of bad interpretation, and the verdict they give together."""
