"""One module per group of commands: reads the arguments, drives a room, prints what came out."""
