"""Why a reviewer rejects a project."""

# What the pages offer, by key and in a list; a person may write another reason.
REASONS = ("Not a project", "Spam or advertising", "Says too little", "Read wrongly", "Off topic", "No longer there")
LONGEST_REASON = 1000
