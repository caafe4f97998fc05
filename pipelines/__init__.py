"""The stages that a graph is made of: plan, synthesize, verify, score, commit, and reports over what was committed."""
