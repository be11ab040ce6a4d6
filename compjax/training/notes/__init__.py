"""Training the transformer to write notes: clips that are drawn and never rendered, heard with mistakes."""
