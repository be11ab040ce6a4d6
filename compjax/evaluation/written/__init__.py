"""What arrangers write, before anything is played: beside the truth, and beside real scores."""
