"""The verbs of the command line, one module each; `pinlake.cli` is the door."""
